import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HypershardError, messageOf } from '@hypershard/common'
import { type ModelSettings, modelSchema } from './model-schema.ts'

/** A model directory as it was read: settings and the very bytes that were verified. */
export interface ModelDirectory {
  readonly path: string
  /** SHA-256 (hex) of `model.json`, which holds the digest of every other file. */
  readonly digest: string
  readonly settings: ModelSettings
  /** Contents by file name, all but `model.json`. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** All files together, with `model.json`. */
  readonly bytes: number
}

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
  const modelJson = await readModelFile(path, 'model.json')
  const settings = parseSettings(path, modelJson)
  const files = new Map<string, Uint8Array>()
  for (const [name, facts] of Object.entries(settings.files)) {
    const content = await readModelFile(path, name)
    verify(path, name, content, facts)
    files.set(name, content)
  }
  const bytes = [...files.values()].reduce((sum, content) => sum + content.byteLength, modelJson.byteLength)
  return { path, digest: sha256(modelJson), settings, files, bytes }
}

/** A failure of one file of a model directory. */
export function invalidModel(path: string, file: string, problem: string, cause?: unknown): HypershardError {
  return new HypershardError('invalid_model', `model ${path}: ${file} ${problem}`, { details: { path, file }, cause })
}

async function readModelFile(path: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(path, name))
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const problem = missing ? 'is missing; copy the whole model directory again' : `cannot be read: ${messageOf(error)}`
    throw invalidModel(path, name, problem, error)
  }
}

function parseSettings(path: string, content: Buffer): ModelSettings {
  if (content.byteLength > modelJsonBytesMax) {
    throw invalidModel(path, 'model.json', `is over ${modelJsonBytesMax} bytes; it is not a model description`)
  }
  let json: unknown
  try {
    json = JSON.parse(content.toString('utf8'))
  } catch (error) {
    throw invalidModel(path, 'model.json', `is not JSON: ${messageOf(error)}; export the model again`, error)
  }
  const parsed = modelSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(
    ({ path: where, message }) => `${where.join('.') || 'top level'}: ${message}`,
  )
  const shown = problems.slice(0, problemsShownMax).join('; ')
  throw invalidModel(path, 'model.json', `does not follow docs/formats/model.md: ${shown}; export the model again`)
}

function verify(path: string, name: string, content: Buffer, facts: { sha256: string; bytes: number }): void {
  const repair = 'copy the whole model directory again'
  if (content.byteLength !== facts.bytes) {
    const problem = `has ${content.byteLength} bytes where model.json says ${facts.bytes}; ${repair}`
    throw invalidModel(path, name, problem)
  }
  if (sha256(content) !== facts.sha256) {
    throw invalidModel(path, name, `was altered: its SHA-256 is not the one in model.json; ${repair}`)
  }
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
