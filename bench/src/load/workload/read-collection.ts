import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface BenchDocument {
  readonly id: string
  readonly title: string
  readonly text: string
}

export interface Collection {
  readonly documents: readonly BenchDocument[]
  /** How many of the documents are of the collection; the others are put together from halves of two of these. */
  readonly real: number
  readonly queries: readonly string[]
}

/** @param folders in BEIR's layout; documents of all, queries of the first */
export async function readCollection(folders: readonly string[], documentsMax: number): Promise<Collection> {
  const real: BenchDocument[] = []
  for (const folder of folders) {
    await readLines(join(folder, 'corpus.jsonl'), ({ title = '', text = '' }) => {
      if (`${title}${text}`.trim() !== '') real.push({ id: `d${real.length}`, title, text })
      return real.length < documentsMax
    })
  }
  const queries: string[] = []
  await readLines(join(folders[0]!, 'queries.jsonl'), ({ text = '' }) => queries.push(text) > 0)
  if (real.length < 2) throw new Error(`${folders.join()}: fewer than two documents`)
  return { documents: enlarge(real, documentsMax), real: real.length, queries }
}

/** As many documents as wanted: those that are missing are halves of two others each, no two of the same pair. */
export function enlarge(real: readonly BenchDocument[], count: number): BenchDocument[] {
  const documents = real.slice(0, count)
  while (documents.length < count) {
    const number = documents.length
    const first = number % real.length
    const distance = Math.floor(number / real.length)
    const { title, text } = real[first]!
    const other = real[(first + distance) % real.length]!.text
    documents.push({ id: `d${number}`, title, text: `${halfOf(text, 0)} ${halfOf(other, 1)}` })
  }
  return documents
}

function halfOf(text: string, half: 0 | 1): string {
  const words = text.split(' ')
  const middle = Math.ceil(words.length / 2)
  return (half === 0 ? words.slice(0, middle) : words.slice(middle)).join(' ')
}

/** @param take returns whether more are wanted */
async function readLines(path: string, take: (line: { title?: string; text?: string }) => boolean): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line.trim() !== '' && !take(JSON.parse(line))) return
  }
}
