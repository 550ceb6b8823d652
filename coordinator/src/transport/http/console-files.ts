import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

/** Encodings that the files come in, the smallest first. */
const encodings = { br: '.br', gzip: '.gz' } as const

type Encoding = keyof typeof encodings

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

/** A file of the console, in memory: what is asked for is found by its name in a table, and never on a disk. */
export interface ConsoleFile {
  readonly type: string
  readonly bytes: Buffer
  readonly encoded: Readonly<Partial<Record<Encoding, Buffer>>>
  /** Of the plain bytes; an encoding adds its name. */
  readonly digest: string
  /** Whether its name tells its content, so that it never changes. */
  readonly lasting: boolean
}

export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>

/** The files below a directory by their path, `index.html` as the empty one; none where there is no such directory. */
export async function readConsoleFiles(directory: string): Promise<ConsoleFiles> {
  const files = new Map<string, ConsoleFile>()
  const names = await readdir(directory, { recursive: true }).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const name of names.sort()) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const bytes = await readFile(join(directory, name))
    const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
    const encoded: Partial<Record<Encoding, Buffer>> = {}
    for (const [encoding, ending] of Object.entries(encodings)) {
      if (names.includes(name + ending)) encoded[encoding as Encoding] = await readFile(join(directory, name + ending))
    }
    const lasting = name.startsWith('assets/')
    files.set(name === 'index.html' ? '' : name, { type, bytes, encoded, digest, lasting })
  }
  return files
}

/** The encoding that a file is sent in: the smallest that the client takes; undefined for none. */
export function encodingFor({ encoded }: ConsoleFile, accepted: string | undefined): Encoding | undefined {
  const taken = new Set(
    (accepted ?? '')
      .toLowerCase()
      .split(',')
      .map(part => part.split(';').map(word => word.trim()))
      .filter(([, weight = 'q=1']) => Number(weight.replace(/^q=/, '')) > 0)
      .map(([name]) => name),
  )
  return (Object.keys(encodings) as Encoding[]).find(encoding => taken.has(encoding) && encoded[encoding] !== undefined)
}
