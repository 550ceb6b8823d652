import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HypershardError, messageOf, openFilesProblem, systemErrorCode, withoutByteOrderMark } from '@hypershard/common'
import type { z } from 'zod'
import { type CrossEncoderSettings, crossEncoderFormat, crossEncoderSchema } from './cross-encoder-schema.ts'
import { type InterpreterFiles, interpreterSchema } from './interpreter-files.ts'
import { aboutSchema, type ModelSettings, modelSchema } from './model-schema.ts'

/** What a model's directory is of: a model that indexes are made with, or one that reads a query and a text together. */
export type ModelKind = 'retriever' | 'crossEncoder'

/** A model directory as it was read: settings and the very bytes that were verified. */
interface VerifiedDirectory<Settings> {
  readonly path: string
  /** SHA-256 (hex) of `model.json`, which holds the digest of every other file; a byte order mark is no part of it. */
  readonly digest: string
  readonly settings: Settings
  /** BCP 47 tags of the languages that it was made for, from `about.json`; empty without one. */
  readonly languages: readonly string[]
  /** Contents by file name, all but `model.json` and `about.json`. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** All files that the digest stands for, with `model.json`. */
  readonly bytes: number
}

export interface ModelDirectory extends VerifiedDirectory<ModelSettings> {
  /** Undefined of a model whose directory has none. */
  readonly interpreter: InterpreterFiles | undefined
}
export type CrossEncoderDirectory = VerifiedDirectory<CrossEncoderSettings>

/** What makes q-nets of a model's token states: a model without its encoders and tokenizer. */
export interface ModelHead extends Pick<ModelDirectory, 'path' | 'digest' | 'settings'> {
  /** The hyper-head's content by its name, where it has a file. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

export type ModelFileFacts = ModelSettings['files'][string]

const modelJsonBytesMax = 1024 * 1024
/** Of schema problems, so that a file of another kind gives a readable message. */
const problemsShownMax = 8

/**
 * Reads a model directory and verifies every file in it against `model.json`.
 * @throws HypershardError `invalid_model`, naming the file and what to do
 * @example
 * ```ts
 * const { digest, settings } = await loadModelDirectory('models/hypershard-mini')
 * ```
 */
export async function loadModelDirectory(path: string): Promise<ModelDirectory> {
  const directory = await loadDirectory(path, content => parseModelJson(path, content))
  return { ...directory, interpreter: await readInterpreter(directory) }
}

/** The same of a cross-encoder. @throws HypershardError `invalid_model` */
export async function loadCrossEncoderDirectory(path: string): Promise<CrossEncoderDirectory> {
  return loadDirectory(path, content =>
    parseSettings(path, content, crossEncoderSchema, 'docs/formats/cross-encoder.md'),
  )
}

/**
 * Of which kind the model is, by the format that `model.json` names; what names none that is known counts as a retriever,
 * which says what is wrong when it is loaded.
 * @throws HypershardError `invalid_model` when it cannot be read
 */
export async function readModelKind(path: string): Promise<ModelKind> {
  const json = parseJson(path, 'model.json', await readModelFile(path, 'model.json'))
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined
  return format === crossEncoderFormat ? 'crossEncoder' : 'retriever'
}

async function loadDirectory<Settings extends Pick<ModelSettings, 'files'>>(
  path: string,
  parse: (modelJson: Buffer) => Settings,
): Promise<VerifiedDirectory<Settings>> {
  const modelJson = await readModelFile(path, 'model.json')
  const settings = parse(modelJson)
  const files = new Map<string, Uint8Array>()
  for (const [name, facts] of Object.entries(settings.files)) {
    const content = await readModelFile(path, name)
    verify(path, name, content, facts)
    files.set(name, content)
  }
  const bytes = [...files.values()].reduce((sum, content) => sum + content.byteLength, modelJson.byteLength)
  return {
    path,
    digest: sha256(withoutByteOrderMark(modelJson)),
    settings,
    languages: await readLanguages(path),
    files,
    bytes,
  }
}

/**
 * Reads and verifies only what makes q-nets: `model.json` and the hyper-head.
 * @param path the model directory, or what messages call the place that `read` reads from
 * @param read gives a file; for the hyper-head it is told what `model.json` says of it
 * @throws HypershardError `invalid_model`, and what `read` throws
 */
export async function loadModelHead(
  path: string,
  read: (name: string, facts?: ModelFileFacts) => Promise<Uint8Array> = name => readModelFile(path, name),
): Promise<ModelHead> {
  const modelJson = withoutByteOrderMark(Buffer.from(await read('model.json')))
  const settings = parseModelJson(path, modelJson)
  const file = hyperHeadFile(settings)
  const files = new Map<string, Uint8Array>()
  if (file !== undefined) {
    const content = await read(file.name, file.facts)
    verify(path, file.name, content, file.facts)
    files.set(file.name, content)
  }
  return { path, digest: sha256(modelJson), settings, files }
}

/** The file of the hyper-head; undefined for one of kind "pooled", which has none. */
export function hyperHeadFile({
  hyperHead,
  files,
}: ModelSettings): { name: string; facts: ModelFileFacts } | undefined {
  return hyperHead.kind === 'attention' ? { name: hyperHead.file, facts: files[hyperHead.file]! } : undefined
}

/**
 * What `about.json` tells people of the model. It changes no vector, so the digest leaves it out: it may be mended
 * without making another model of it, whose documents would have to be encoded again.
 */
async function readLanguages(path: string): Promise<readonly string[]> {
  const content = await readModelFile(path, 'about.json').catch(unlessMissing)
  if (content === undefined) return []
  const parsed = aboutSchema.safeParse(parseJson(path, 'about.json', content))
  if (parsed.success) return parsed.data.languages
  throw invalidModel(path, 'about.json', `does not follow docs/formats/model.md: ${problemsOf(parsed.error)}; mend it`)
}

/**
 * What finds pieces in queries. No vector depends on it, so the digest leaves it out too: a model that exists may be given
 * one, or a better one.
 */
async function readInterpreter({
  path,
  settings,
}: VerifiedDirectory<ModelSettings>): Promise<InterpreterFiles | undefined> {
  const name = 'interpreter.json'
  const content = await readModelFile(path, name).catch(unlessMissing)
  if (content === undefined) return undefined
  const parsed = interpreterSchema.safeParse(parseJson(path, name, content))
  const repair = 'train one for this model, or remove the file'
  if (!parsed.success) {
    throw invalidModel(path, name, `does not follow docs/formats/model.md: ${problemsOf(parsed.error)}; ${repair}`)
  }
  if (parsed.data.encoder !== settings.files[settings.encoder.query]!.sha256) {
    throw invalidModel(path, name, `is of another encoder than ${settings.encoder.query}; ${repair}`)
  }
  const { file } = parsed.data
  const graph = await readModelFile(path, file.name)
  verify(path, file.name, graph, file, name)
  return { settings: parsed.data, graph }
}

function unlessMissing(error: HypershardError): undefined {
  if (isMissing(error.cause)) return undefined
  throw error
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** A failure of one file of a model directory. */
export function invalidModel(path: string, file: string, problem: string, cause?: unknown): HypershardError {
  return new HypershardError('invalid_model', `model ${path}: ${file} ${problem}`, { details: { path, file }, cause })
}

async function readModelFile(path: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(path, name))
  } catch (error) {
    throw invalidModel(path, name, problemOf(error), error)
  }
}

function problemOf(error: unknown): string {
  const code = systemErrorCode(error)
  const exhausted = openFilesProblem(code)
  if (exhausted !== undefined) return `cannot be opened: ${exhausted.message}`
  if (code === 'ENOENT') return 'is missing; copy the whole model directory again, or mend its path'
  if (code === 'ENOTDIR') return 'cannot be read, since the path is a file; name a model directory'
  return `cannot be read: ${messageOf(error)}; check the path and its permissions`
}

/** @throws HypershardError `invalid_model` */
export function parseModelJson(path: string, content: Buffer): ModelSettings {
  return parseSettings(path, content, modelSchema, 'docs/formats/model.md')
}

function parseSettings<Settings>(path: string, content: Buffer, schema: z.ZodType<Settings>, page: string): Settings {
  const parsed = schema.safeParse(parseJson(path, 'model.json', content))
  if (parsed.success) return parsed.data
  const problem = `does not follow ${page}: ${problemsOf(parsed.error)}; export the model again`
  throw invalidModel(path, 'model.json', problem)
}

function parseJson(path: string, name: string, content: Buffer): unknown {
  if (content.byteLength > modelJsonBytesMax) {
    throw invalidModel(path, name, `is over ${modelJsonBytesMax} bytes; it is not a model description`)
  }
  try {
    return JSON.parse(withoutByteOrderMark(content).toString('utf8'))
  } catch (error) {
    throw invalidModel(path, name, `is not JSON: ${messageOf(error)}; export the model again`, error)
  }
}

function problemsOf({ issues }: z.ZodError): string {
  const problems = issues.map(({ path: where, message }) => `${where.join('.') || 'top level'}: ${message}`)
  return problems.slice(0, problemsShownMax).join('; ')
}

function verify(path: string, name: string, content: Uint8Array, facts: ModelFileFacts, by = 'model.json'): void {
  const repair = 'copy the whole model directory again'
  if (content.byteLength !== facts.bytes) {
    const problem = `has ${content.byteLength} bytes where ${by} says ${facts.bytes}; ${repair}`
    throw invalidModel(path, name, problem)
  }
  if (sha256(content) !== facts.sha256) {
    throw invalidModel(path, name, `was altered: its SHA-256 is not the one in ${by}; ${repair}`)
  }
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
