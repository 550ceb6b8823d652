import { HypershardError } from '@hypershard/common'
import {
  candidatesAskedMax,
  expansionMax,
  hybridDefaults,
  rerankCandidatesMax,
  rerankDefaults,
  type SearchOptionsGiven,
  searchDefaults,
  searchOptionNames,
  searchPlans,
  searchPrecisions,
  timeoutMsMax,
} from '@hypershard/contract'
import { type Command, Option } from 'commander'
import { jsonObject, share, wholeNumberIn } from './parse-option.ts'

/** How a search finds and scores documents, and which, as given on the command line. */
export interface PlanOptions extends SearchOptionsGiven {
  readonly rerankCandidates?: number
  readonly rerankTimeoutMs?: number
  /** Each of which documents must have, or must not. */
  readonly words?: readonly string[]
  readonly withoutWords?: readonly string[]
}

/** Of the command line alone: what a request has in one object takes several options. */
const ownNames = ['rerankCandidates', 'rerankTimeoutMs', 'words', 'withoutWords'] as const

export const planOptionNames = [...searchOptionNames, ...ownNames] as const

/** Every option that a request has is one of the command line, of the same name. */
const planOptions: Readonly<Record<keyof PlanOptions, Option>> = {
  precision: new Option('--precision <precision>', `of the scoring (default: ${searchDefaults.precision})`).choices(
    searchPrecisions,
  ),
  plan: new Option('--plan <plan>', `how documents are found (default: ${searchDefaults.plan})`).choices(searchPlans),
  recall: new Option(
    '--recall <share>',
    `with the auto plan: of the exact hits, the share to find (default: ${searchDefaults.recall})`,
  ).argParser(share),
  candidates: new Option(
    '--candidates <n>',
    `of a shard, scored; tangent and graph plan (default: ${searchDefaults.candidates})`,
  ).argParser(wholeNumberIn(1, candidatesAskedMax)),
  expansion: new Option(
    '--expansion <n>',
    `rows kept in a walk; graph plan (default: ${searchDefaults.expansion})`,
  ).argParser(wholeNumberIn(1, expansionMax)),
  hybrid: new Option(
    '--hybrid <weight>',
    `rank by words too: their weight, 0 to 1 (such as ${hybridDefaults.lexical}), or reciprocal_rank; of an index with --lexical`,
  ).argParser(hybridOf),
  filter: new Option('--filter <json>', 'which documents may be hits (docs/api.md, Filters)').argParser(jsonObject),
  words: new Option(
    '--words <words>',
    'hits have these words, one behind the other; may be given again; of an index with --lexical',
  ).argParser(anotherOf),
  withoutWords: new Option('--without-words <words>', 'no hit has these; may be given again').argParser(anotherOf),
  rerank: new Option('--rerank <model>', 'has this cross-encoder order the best hits anew').argParser(model => ({
    model,
  })),
  rerankCandidates: new Option(
    '--rerank-candidates <n>',
    `how many of the best hits (default: ${rerankDefaults.candidates})`,
  ).argParser(wholeNumberIn(1, rerankCandidatesMax)),
  rerankTimeoutMs: new Option('--rerank-timeout-ms <ms>', 'what reranking may take (default: what is left)').argParser(
    wholeNumberIn(1, timeoutMsMax),
  ),
}

/** @throws InvalidArgumentError */
function hybridOf(text: string): PlanOptions['hybrid'] {
  return text === 'reciprocal_rank' ? { fusion: text } : { lexical: share(text) }
}

function anotherOf(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** Adds the options to a command that searches. */
export function addPlanOptions(command: Command): Command {
  return Object.values(planOptions).reduce((adding, option) => adding.addOption(option), command)
}

/**
 * What was given, as a request has it.
 * @throws HypershardError `invalid_request` for what belongs to --rerank without it
 */
export function planOfRequest(options: PlanOptions): SearchOptionsGiven {
  const filter = filterOf(options)
  const given = Object.fromEntries(
    searchOptionNames.flatMap(name => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
  if (filter !== undefined) given.filter = filter
  const { rerank, rerankCandidates: candidates, rerankTimeoutMs: timeout } = options
  if (rerank === undefined) {
    if (candidates === undefined && timeout === undefined) return given
    throw new HypershardError('invalid_request', 'name a cross-encoder with --rerank, or leave its options out')
  }
  const ofCandidates = candidates !== undefined && { candidates }
  const ofTimeout = timeout !== undefined && { timeout_ms: timeout }
  return { ...given, rerank: { ...rerank, ...ofCandidates, ...ofTimeout } }
}

/** With the words that documents must have, and must not. */
function filterOf({ filter, words = [], withoutWords = [] }: PlanOptions): SearchOptionsGiven['filter'] {
  if (words.length + withoutWords.length === 0) return filter
  const must = [...(filter === undefined ? [] : [filter]), ...words.map(own => ({ words: own }))]
  return {
    ...(must.length > 0 && { must }),
    ...(withoutWords.length > 0 && { must_not: withoutWords.map(own => ({ words: own })) }),
  }
}
