import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type HypershardClient, ServerProblem } from '@hypershard/client'
import { HypershardError, toUserFileFailure } from '@hypershard/common'
import type { IndexDescription, SearchAnswer } from '@hypershard/contract'
import { openSource } from '../documents/open-source.ts'
import type { WorkState } from '../terminal/progress.ts'

export const sampleCorpusPath: string = fileURLToPath(new URL('../../../sample/corpus.jsonl', import.meta.url))
export const sampleIndex = 'sample'

const sampleShards = 2
const sampleHits = 3
const sampleQueries = [
  'why do stars twinkle',
  'my loaf spread out flat like a pancake instead of rising up',
  'does an espresso after dinner matter if I nod off without trouble',
] as const

export interface SampleSearch {
  readonly query: string
  readonly answer: SearchAnswer
}

/**
 * Makes sure that the sample index has the documents of the corpus.
 * @returns the index, and whether anything had to be put
 */
export async function fillSampleIndex(
  api: HypershardClient,
  corpusPath: string,
  onProgress: (work: WorkState) => void,
): Promise<{ index: IndexDescription; filled: boolean }> {
  const index = await findOrCreateIndex(api)
  if (index.documents === (await countLines(corpusPath))) return { index, filled: false }
  const source = await openSource(corpusPath)
  const answer = await api.putDocuments(sampleIndex, source.body, {
    waitFor: 'searchable',
    onProgress: progress => onProgress(source.workState(progress)),
  })
  const [failure] = answer.errors
  if (failure !== undefined) {
    throw new HypershardError('invalid_request', `${corpusPath}, line ${failure.line}: ${failure.message}`)
  }
  return { index: await api.describeIndex(sampleIndex), filled: true }
}

/** Runs the sample's queries, one after the other. */
export async function searchSample(api: HypershardClient): Promise<SampleSearch[]> {
  const searches: SampleSearch[] = []
  for (const query of sampleQueries) {
    searches.push({ query, answer: await api.search(sampleIndex, { query, k: sampleHits }) })
  }
  return searches
}

async function findOrCreateIndex(api: HypershardClient): Promise<IndexDescription> {
  try {
    return await api.describeIndex(sampleIndex)
  } catch (error) {
    if (!(error instanceof ServerProblem) || error.problem.code !== 'index_not_found') throw error
    return api.createIndex({ name: sampleIndex, shards: sampleShards })
  }
}

async function countLines(path: string): Promise<number> {
  try {
    let lines = 0
    for await (const line of createInterface({ input: createReadStream(path) })) if (line.trim() !== '') lines++
    return lines
  } catch (error) {
    throw toUserFileFailure(path, 'read', error)
  }
}
