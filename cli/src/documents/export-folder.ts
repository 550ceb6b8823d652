import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeNpyHeader, HypershardError, messageOf } from '@hypershard/common'
import type { ListAnswer, ListedDocument } from '@hypershard/contract'
import { z } from 'zod'

const names = { documents: 'documents.ndjson', vectors: 'vectors.npy', state: 'export.json' } as const
/** Of a header with any numbers of rows and columns that a file can have. */
const headerBytes = encodeNpyHeader({ rows: 1, width: 1, precision: 'f32' }).length

/** What an export was told to give; going on with other words would mix two. */
export interface ExportWish {
  readonly index: string
  readonly filter?: Record<string, unknown> | undefined
  readonly vectors: boolean
}

/** Its filter as JSON. */
type FilterAsText = Omit<ExportWish, 'filter'> & { readonly filter: string | null }

const stateSchema = z.strictObject({
  format: z.literal('hypershard.export/1'),
  index: z.string(),
  filter: z.string().nullable(),
  vectors: z.boolean(),
  /** Null until the first page is there: an index that nothing was written to is at version 0. */
  manifest_version: z.int().min(0).nullable(),
  /** What the next page is asked for with; null when there is none. */
  cursor: z.string().nullable(),
  documents: z.int().min(0),
  document_bytes: z.int().min(0),
  /** Of the vectors: values of one, and the digest of the model that made them. */
  width: z.int().min(0),
  model: z.string().nullable(),
})

type State = z.infer<typeof stateSchema>

/**
 * A folder that documents are exported to, a page at a time: `documents.ndjson`, as a put takes it, and `vectors.npy`, whose
 * rows are its lines. `export.json` is written after each page, so that an export that was cut off goes on behind the last
 * whole page; what stands beyond that in the files is cut off.
 */
export class ExportFolder {
  readonly #path: string
  readonly #documents: FileHandle
  readonly #vectors: FileHandle | undefined
  #state: State

  private constructor(path: string, state: State, documents: FileHandle, vectors: FileHandle | undefined) {
    this.#path = path
    this.#state = state
    this.#documents = documents
    this.#vectors = vectors
  }

  /** @throws HypershardError `invalid_request` for a folder that holds something else, or cannot be written */
  static async open(path: string, wish: ExportWish): Promise<ExportFolder> {
    const filter = wish.filter === undefined ? null : JSON.stringify(wish.filter)
    await mkdir(path, { recursive: true }).catch(unwritable(path))
    const known = await readState(join(path, names.state))
    if (known !== undefined && !isOf(known, { ...wish, filter })) {
      const message = `${path}: it holds an export of ${known.index} with another filter or other parts; choose another folder`
      throw new HypershardError('invalid_request', message)
    }
    const state = known ?? emptyState({ ...wish, filter })
    // Without a state beside them, files of these names are somebody's.
    const flags = known === undefined ? 'wx' : 'r+'
    const documents = await open(join(path, names.documents), flags).catch(unwritable(path))
    const vectors = wish.vectors
      ? await open(join(path, names.vectors), flags).catch(async error => {
          await documents.close()
          // In a folder that holds another's file nothing is left.
          if (known === undefined) await rm(join(path, names.documents))
          return unwritable(path)(error)
        })
      : undefined
    const folder = new ExportFolder(path, state, documents, vectors)
    await folder.#cutBack()
    if (known === undefined) await folder.#keepState()
    return folder
  }

  get documents(): number {
    return this.#state.documents
  }

  /** Null before the first page. */
  get manifestVersion(): number | null {
    return this.#state.manifest_version
  }

  /** Undefined for the first page, null when all is there. */
  get cursor(): string | null | undefined {
    const { manifest_version: version, cursor } = this.#state
    return version === null ? undefined : cursor
  }

  /** @throws HypershardError `invalid_request` where vectors are wanted and a document has no single one */
  async append({ documents, next_cursor: cursor, manifest_version: version }: ListAnswer): Promise<void> {
    const state = this.#state
    const lines = Buffer.from(documents.map(document => `${lineOf(document)}\n`).join(''))
    const rows = state.vectors ? documents.map(vectorOf) : []
    const width = (rows[0]?.values.length ?? 4 * state.width) / 4
    await this.#documents.write(lines, 0, lines.length, state.document_bytes)
    if (rows.length > 0) {
      const values = Buffer.concat(rows.map(row => row.values))
      await this.#vectors!.write(values, 0, values.length, headerBytes + 4 * width * state.documents)
    }
    this.#state = {
      ...state,
      manifest_version: version,
      cursor,
      documents: state.documents + documents.length,
      document_bytes: state.document_bytes + lines.length,
      width,
      model: rows[0]?.model ?? state.model,
    }
    await this.#vectors?.write(this.#header(), 0, headerBytes, 0)
    await this.#documents.datasync()
    await this.#vectors?.datasync()
    await this.#keepState()
  }

  async close(): Promise<void> {
    await this.#documents.close()
    await this.#vectors?.close()
  }

  #header(): Uint8Array {
    return encodeNpyHeader({ rows: this.#state.documents, width: this.#state.width, precision: 'f32' })
  }

  async #cutBack(): Promise<void> {
    const { documents, document_bytes: bytes, width } = this.#state
    await this.#documents.truncate(bytes)
    await this.#vectors?.truncate(headerBytes + 4 * width * documents)
    await this.#vectors?.write(this.#header(), 0, headerBytes, 0)
  }

  /** Whole or not at all. */
  async #keepState(): Promise<void> {
    const next = join(this.#path, `${names.state}.new`)
    await writeFile(next, `${JSON.stringify(this.#state, null, 2)}\n`, { flush: true })
    await rename(next, join(this.#path, names.state))
  }
}

/** A line that a put takes, without the vector. */
function lineOf({ id, title, text, fields }: ListedDocument): string {
  return JSON.stringify({ id, title, text, ...fields })
}

function vectorOf({ id, vector }: ListedDocument): { readonly model: string; readonly values: Buffer } {
  if (vector) return { model: vector.model, values: Buffer.from(vector.values, 'base64') }
  const message = `document ${id}: it has several passages, and so no single vector; export without --vectors`
  throw new HypershardError('invalid_request', message)
}

function emptyState({ index, filter, vectors }: FilterAsText): State {
  return {
    format: 'hypershard.export/1',
    index,
    filter,
    vectors,
    manifest_version: null,
    cursor: null,
    documents: 0,
    document_bytes: 0,
    width: 0,
    model: null,
  }
}

function isOf({ index, filter, vectors }: State, wish: FilterAsText): boolean {
  return index === wish.index && filter === wish.filter && vectors === wish.vectors
}

async function readState(path: string): Promise<State | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new HypershardError('invalid_request', `${path}: ${error.message}`)
  })
  if (text === undefined) return undefined
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new HypershardError('invalid_request', `${path}: it tells of no export; choose another folder`, { cause })
  }
}

function unwritable(path: string) {
  return (error: unknown): never => {
    throw new HypershardError('invalid_request', `${path}: ${messageOf(error)}; choose another folder`)
  }
}
