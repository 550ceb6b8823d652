import { HypershardError } from '@hypershard/common'
import { sampleQueriesMax, sampleQueryCharactersMax } from '@hypershard/contract'
import { cutQuery, readQueries } from '@hypershard/evaluation'
import { fileAnswer } from '../evaluation/evaluation-answer.ts'
import { fileNotices } from '../evaluation/render-notices.ts'
import { formatCountOf } from '../terminal/format-number.ts'
import type { Output } from '../terminal/terminal.ts'

/**
 * Queries of users to calibrate graphs with: as many of a file as are taken, spread evenly over it. Long ones are cut and
 * blank ones are left out; the notes say how many.
 * @param path JSONL with `_id` and `text`, or id<TAB>text
 * @throws HypershardError `invalid_request` with the line
 */
export async function readSampleQueries(path: string, notes: Output): Promise<string[]> {
  const { queries, expressions, facts } = await readQueries(path)
  const [composed] = expressions.keys()
  if (composed !== undefined) {
    const message = `${path}: query \`${composed}\` is an expression; graphs are calibrated with texts, such as its pieces`
    throw new HypershardError('invalid_request', message)
  }
  const all = [...queries.values()]
  const texts = all.filter(text => text.trim() !== '')
  if (texts.length === 0) throw new HypershardError('invalid_request', `${path} has no queries in it`)
  const count = Math.min(texts.length, sampleQueriesMax)
  const chosen = Array.from({ length: count }, (_, at) =>
    cutQuery(texts[Math.floor((at * texts.length) / count)]!, sampleQueryCharactersMax),
  )
  const cut = chosen.filter(({ isCut }) => isCut).length
  const blank = all.length - texts.length
  for (const notice of [
    ...(cut > 0 ? [`${formatCountOf(cut, 'query', 'queries')} cut at ${sampleQueryCharactersMax} characters`] : []),
    ...(blank > 0 ? [`${formatCountOf(blank, 'query', 'queries')} without text left out`] : []),
    ...fileNotices([fileAnswer(facts)]),
  ]) {
    notes.line(notes.style('yellow', notice))
  }
  return chosen.map(({ text }) => text)
}
