import {
  candidatesAskedMax,
  expansionMax,
  type SearchOptionsGiven,
  searchDefaults,
  searchOptionNames,
  searchPlans,
  searchPrecisions,
} from '@hypershard/contract'
import { type Command, Option } from 'commander'
import { jsonObject, share, wholeNumberIn } from './parse-option.ts'

/** How a search finds and scores documents, and which, as given on the command line. */
export type PlanOptions = SearchOptionsGiven

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
  filter: new Option('--filter <json>', 'which documents may be hits (docs/api.md, Filters)').argParser(jsonObject),
}

/** Adds the options to a command that searches. */
export function addPlanOptions(command: Command): Command {
  return Object.values(planOptions).reduce((adding, option) => adding.addOption(option), command)
}

/** What was given, as a request has it. */
export function planOfRequest(options: PlanOptions): PlanOptions {
  return Object.fromEntries(
    searchOptionNames.flatMap(name => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
}
