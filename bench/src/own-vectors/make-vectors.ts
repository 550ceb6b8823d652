import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeNpyHeader } from '@hypershard/common'
import { type Mixture, vectorGenerator } from '../scale/generate-vectors.ts'
import { gaussianNumbers, openProducts, type Products, randomRotation } from '../scale/matrices.ts'

/** Vectors of text encoders lie around many centres, and vary in far fewer directions than they have numbers. */
const centres = 1_024
const directions = 64
/** Of what lies around a centre, beside the distance of centres. */
const spread = 0.7

const rowsPerBlock = 8_192

export interface MadeFiles {
  readonly documents: string
  readonly vectors: string
  readonly queries: string
}

/**
 * Writes what a user brings: a JSONL with a line a document, a .npy with their vectors, one with vectors to search for that
 * are drawn as those are. The same files for the same numbers.
 */
export async function makeVectors(
  folder: string,
  { rows, width, queries }: { readonly rows: number; readonly width: number; readonly queries: number },
): Promise<MadeFiles> {
  const products = await openProducts(1)
  const next = vectorGenerator(await mixtureOf(width, products), { seed: 2, products })
  const files = {
    documents: join(folder, 'documents.jsonl'),
    vectors: join(folder, 'vectors.npy'),
    queries: join(folder, 'queries.npy'),
  }
  await writeMatrix(files.queries, { rows: queries, width }, next)
  await writeMatrix(files.vectors, { rows, width }, next)
  const lines = await open(files.documents, 'w')
  for (let first = 0; first < rows; first += rowsPerBlock) {
    const own = Array.from({ length: Math.min(rowsPerBlock, rows - first) }, (_, at) => lineOf(first + at))
    await lines.write(own.join(''))
  }
  await lines.close()
  return files
}

function lineOf(row: number): string {
  return `${JSON.stringify({ id: `document-${row}`, title: `Document ${row}`, number: row })}\n`
}

async function mixtureOf(width: number, products: Products): Promise<Mixture> {
  const { gaussian } = gaussianNumbers(1)
  const columns = Math.min(directions, width)
  const rotation = randomRotation(columns, width, gaussian)
  const inner = { values: Float32Array.from({ length: centres * columns }, gaussian), columns }
  return {
    rotation,
    centres: await products.product(inner, rotation),
    nearest: Int32Array.from({ length: centres }, (_, centre) => centre),
    spread: { values: rotation.values.map(value => value * spread), columns: width },
  }
}

async function writeMatrix(
  path: string,
  { rows, width }: { readonly rows: number; readonly width: number },
  next: (vectors: Float32Array) => Promise<void>,
): Promise<void> {
  const file = await open(path, 'w')
  await file.write(encodeNpyHeader({ rows, width, precision: 'f32' }))
  for (let first = 0; first < rows; first += rowsPerBlock) {
    const block = new Float32Array(Math.min(rowsPerBlock, rows - first) * width)
    await next(block)
    await file.write(new Uint8Array(block.buffer))
  }
  await file.close()
}
