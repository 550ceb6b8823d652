import type { BenchDocument } from './read-collection.ts'

const charactersMin = 20

/** Each sentence of the documents as a document: short real texts, of which a small collection has many. */
export function sentencesOf(documents: readonly BenchDocument[]): BenchDocument[] {
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
  return documents
    .flatMap(({ title, text }) => [...segmenter.segment(text)].map(({ segment }) => ({ title, text: segment.trim() })))
    .filter(({ text }) => text.length >= charactersMin)
    .map((document, at) => ({ id: `d${at}`, ...document }))
}
