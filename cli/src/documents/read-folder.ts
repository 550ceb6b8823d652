import { isUtf8 } from 'node:buffer'
import { readdir } from 'node:fs/promises'
import { basename, extname, join, relative, sep } from 'node:path'
import { compressedExtensions, HypershardError, messageOf, openTextFile, toUserFileFailure } from '@hypershard/common'
import { documentBytesMax } from '@hypershard/contract'

const extensions = new Set(['.md', '.txt'])
const titleCharactersMax = 200

/** A file that could not be made a document. */
export interface FailedFile {
  readonly file: string
  readonly code: 'invalid_request' | 'request_too_large'
  readonly message: string
}

/** What putting a document needs; the id is the file's path in the folder, with `/` on every system. */
export interface FileDocument {
  readonly id: string
  readonly title: string
  readonly text: string
}

/** Whether a file is one document by its name, and not lines of them. */
export function isTextFile(file: string): boolean {
  return extensions.has(textExtension(file))
}

/** `.md` of `notes.md`, and of `notes.md.gz` too. */
function textExtension(file: string): string {
  return extname(withoutPacking(file)).toLowerCase()
}

function withoutPacking(file: string): string {
  const extension = extname(file)
  return compressedExtensions.includes(extension.toLowerCase()) ? file.slice(0, -extension.length) : file
}

/**
 * The .md and .txt files below a folder, as paths in it, in order of their bytes. Names that start with a dot are left
 * out with all below them, and links to folders are not followed: a walk cannot go in circles.
 */
export async function listTextFiles(folder: string): Promise<string[]> {
  const files: string[] = []
  const walk = async (directory: string): Promise<void> => {
    for (const entry of await entriesOf(directory)) {
      const path = join(directory, entry.name)
      if (entry.name.startsWith('.')) continue
      if (entry.isDirectory()) await walk(path)
      else if (isTextFile(entry.name)) files.push(relative(folder, path))
    }
  }
  await walk(folder)
  return files
    .map(file => file.split(sep).join('/'))
    .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true })
  } catch (error) {
    throw toUserFileFailure(directory, 'read', error)
  }
}

/** One file as a line of NDJSON without its end, or why it cannot be one. */
export async function readFileLine(folder: string, file: string): Promise<string | FailedFile> {
  try {
    const text = await readText(join(folder, file))
    if (text === undefined) return tooLarge(file)
    const line = JSON.stringify(documentOf(file, text))
    return Buffer.byteLength(line) > documentBytesMax ? tooLarge(file) : line
  } catch (error) {
    return { file, code: 'invalid_request', message: messageOf(error) }
  }
}

/**
 * A file's text; undefined when it alone is longer than its line may be. No more than that is read of a huge file, or of
 * a small one that unpacks to a huge one.
 * @throws HypershardError `invalid_request`
 */
async function readText(path: string): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of openTextFile(path).bytes) {
    chunks.push(chunk)
    length += chunk.length
    if (length > documentBytesMax) return undefined
  }
  const bytes = Buffer.concat(chunks)
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new HypershardError('invalid_request', 'not UTF-8; convert it, for example with iconv')
}

/**
 * Title: what the front matter of a .md file says, else its first heading, else the first line with something on it,
 * else the file's name. Front matter, and a heading that the text begins with, are not in the text again.
 */
export function documentOf(file: string, content: string): FileDocument {
  const isMarkdown = textExtension(file) === '.md'
  const { body, frontTitle } = isMarkdown ? splitFrontMatter(content) : { body: content, frontTitle: undefined }
  const heading = isMarkdown ? headingPattern.exec(body) : null
  const headingTitle = heading?.[1]?.replace(/[ \t]+#+$/, '')
  const firstLine = /\S.*/.exec(body)?.[0].trim()
  const title = frontTitle ?? headingTitle ?? firstLine ?? basename(withoutPacking(file), extname(withoutPacking(file)))
  const beginsWithTitle = heading !== null && headingTitle === title && body.slice(0, heading.index).trim() === ''
  const text = beginsWithTitle ? body.slice(heading.index + heading[0].length).trimStart() : body
  return { id: file, title: [...title].slice(0, titleCharactersMax).join(''), text }
}

const headingPattern = /^ {0,3}#{1,6}[ \t]+(.*\S)[ \t]*$/m

/** YAML between two lines of dashes at the beginning, of which only a plain `title` is read. */
function splitFrontMatter(content: string): { body: string; frontTitle: string | undefined } {
  const front = /^---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(content)
  if (front === null) return { body: content, frontTitle: undefined }
  const title = /^title:[ \t]*(.*\S)/m.exec(front[1]!)?.[1]?.replace(/^(["'])(.*)\1$/, '$2')
  return { body: content.slice(front[0].length), frontTitle: title }
}

function tooLarge(file: string): FailedFile {
  const message = `more than the ${documentBytesMax} bytes that a document may have; split the file`
  return { file, code: 'request_too_large', message }
}
