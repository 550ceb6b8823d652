/**
 * `aside/<sha256>.ndjson`: the documents that could not be encoded, each whole and with the reason, so that nothing that
 * was acknowledged is lost. One JSON object a line, after a line with a `writeId`; named by content. docs/formats/manifest.md.
 */
import { hash, randomUUID } from 'node:crypto'
import { HypershardError } from '@hypershard/common'
import { z } from 'zod'
import { decodeStored, shortDigest } from '../../corrupt-data.ts'
import { asideKey } from '../../layout.ts'
import { checkShape } from '../../sealed-json.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { readVerified } from '../../store/read-verified.ts'
import type { Manifest } from '../manifest.ts'
import { homeOf } from '../manifest-files.ts'

const lineSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  text: z.string(),
  fields: z.string(),
  version: z.int().min(0),
  code: z.string(),
  message: z.string(),
})

/** The first line: drawn anew for each file, so that a name never comes back. */
const headSchema = z.strictObject({ writeId: z.uuid() })

/** A document that could not be encoded. */
export type AsideDocument = Readonly<z.output<typeof lineSchema>>

/** More than this is no fault of single documents: indexing stops, and the write log keeps what comes. */
const asideDocumentsMax = 10_000

/**
 * Stores the documents; none is no file.
 * @returns what the manifest says of them
 * @throws HypershardError `overloaded` when there are too many
 */
export async function writeAside(
  store: ObjectStore,
  generation: Pick<Manifest, 'index' | 'generation'>,
  documents: readonly AsideDocument[],
): Promise<Manifest['aside']> {
  if (documents.length === 0) return null
  if (documents.length > asideDocumentsMax) throw tooMany(generation, documents)
  const lines = [{ writeId: randomUUID() }, ...documents]
  const bytes = Buffer.from(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  const digest = hash('sha256', bytes, 'hex')
  await store.put(asideKey(generation, digest), bytes)
  return { digest, documents: documents.length }
}

/** @throws HypershardError `corrupt_data` */
export async function readAside(store: ObjectStore, manifest: Manifest): Promise<AsideDocument[]> {
  if (manifest.aside === null) return []
  const { digest } = manifest.aside
  const key = asideKey(homeOf(manifest, manifest.aside), digest)
  const where = `documents set aside ${shortDigest(digest)}`
  const details = { index: manifest.index, generation: manifest.generation, key }
  const bytes = await readVerified(store, { key, digest, where, details })
  const [head, ...lines] = Buffer.from(bytes.buffer).toString().trimEnd().split('\n')
  return decodeStored(where, key, details, () => {
    checkShape(headSchema, JSON.parse(head!))
    return lines.map(line => checkShape(lineSchema, JSON.parse(line)))
  })
}

function tooMany({ index }: { index: string }, documents: readonly AsideDocument[]): HypershardError {
  const last = documents.at(-1)!
  const message =
    `index \`${index}\`: more than ${asideDocumentsMax} documents cannot be encoded, the last, ${JSON.stringify(last.id)}, ` +
    `because: ${last.message}; indexing waits until the encoder is mended or they are deleted`
  return new HypershardError('overloaded', message, { details: { index, documents: documents.length } })
}
