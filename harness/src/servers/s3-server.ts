import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { ObjectStore } from '@hypershard/storage'
import { openObjectStore } from '@hypershard/storage'
import { freePort } from '../free-port.ts'

/** A real S3 server process (moto's, from PyPI) of a test's own. */
export interface S3Server {
  readonly endpoint: string
  readonly pid: number
  /** Creates a bucket and opens it as a store. */
  openBucket(name: string): Promise<{ store: ObjectStore; location: string }>
  stop(): Promise<void>
}

/** Where `.ci/run` puts moto. */
const bundled = fileURLToPath(new URL('../../../.cache/moto/bin/moto_server', import.meta.url))

const startMsMax = 30_000

/** Undefined where moto is not installed: `pip install 'moto[server]'`. */
export async function startS3Server(): Promise<S3Server | undefined> {
  const port = await freePort()
  const command = s3ServerCommand('127.0.0.1', port)
  if (command === undefined) return undefined
  process.env.AWS_ACCESS_KEY_ID ??= 'test'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test'
  const staging = mkdtempSync(join(tmpdir(), 'hypershard-s3-'))
  const [program, ...words] = command
  const server = spawn(program, words, { stdio: 'ignore' })
  const endpoint = `http://127.0.0.1:${port}`
  await untilAnswers(endpoint)
  return {
    endpoint,
    pid: server.pid!,
    openBucket: async name => {
      await createBucket(endpoint, name)
      const settings = new URLSearchParams({ endpoint, staging })
      const location = `s3://${name}/some/prefix?${settings}`
      return { store: await openObjectStore(location), location }
    },
    stop: async () => {
      server.kill('SIGKILL')
      await once(server, 'exit')
      rmSync(staging, { recursive: true, force: true })
    },
  }
}

/** What starts one that listens there; undefined where moto is not installed. */
export function s3ServerCommand(host: string, port: number): [program: string, ...words: string[]] | undefined {
  for (const program of [process.env.HYPERSHARD_TEST_MOTO ?? bundled, 'moto_server']) {
    const python = pythonOf(program)
    if (python !== undefined) return [python, '-c', oneAtATime, '-H', host, '-p', `${port}`]
  }
  return undefined
}

/** @param endpoint of a server that answers */
export async function createBucket(endpoint: string, name: string): Promise<void> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const client = new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true, credentials })
  await client.send(new CreateBucketCommand({ Bucket: name }))
  client.destroy()
}

/**
 * The server, answering one request at a time: with threads of its own it looks whether an object is there and then puts
 * it, so that of two conditional puts both may win, which S3 rules out.
 */
const oneAtATime = `
import sys
import moto.server
run = moto.server.run_simple
moto.server.run_simple = lambda *words, **options: run(*words, **{**options, "threaded": False})
moto.server.main(sys.argv[1:])
`

/**
 * The interpreter that a program of Python's names in its first line; undefined where there is no such program, or only
 * a shell's that stands for one, as pyenv puts on the path.
 */
function pythonOf(program: string): string | undefined {
  const path = program.includes('/') ? program : pathOf(program)
  if (path === undefined || !existsSync(path)) return undefined
  const [first = ''] = readFileSync(path, 'utf8').split('\n', 1)
  const interpreter = first.replace(/^#!/, '').trim()
  return /\/python[\d.]*$/.test(interpreter) && existsSync(interpreter) ? interpreter : undefined
}

function pathOf(program: string): string | undefined {
  try {
    return execFileSync('which', [program], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

/** Waits until a server that was started answers. */
export async function untilAnswers(endpoint: string): Promise<void> {
  const endMs = Date.now() + startMsMax
  for (;;) {
    const answers = await fetch(endpoint).then(
      () => true,
      () => false,
    )
    if (answers) return
    if (Date.now() > endMs) throw new Error(`moto does not answer at ${endpoint} after ${startMsMax} ms`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
