import { candidatesAskedMax, expansionMax } from '@hypershard/proto/limits'
import { type Command, Option } from 'commander'
import type { SearchRequest } from '../api/answers.ts'
import { jsonObject, share, wholeNumberIn } from './parse-option.ts'

/** How a search finds and scores documents, and which, as given on the command line. */
export interface PlanOptions {
  readonly precision?: NonNullable<SearchRequest['precision']>
  readonly plan?: NonNullable<SearchRequest['plan']>
  readonly recall?: number
  readonly candidates?: number
  readonly expansion?: number
  readonly filter?: NonNullable<SearchRequest['filter']>
}

export const planOptionNames = ['precision', 'plan', 'recall', 'candidates', 'expansion', 'filter'] as const

/** Adds the options to a command that searches. */
export function addPlanOptions(command: Command): Command {
  return command
    .addOption(new Option('--precision <precision>', 'of the scoring (default: fp32)').choices(['fp32', 'int8']))
    .addOption(
      new Option('--plan <plan>', 'how documents are found (default: exact, with --recall auto)').choices([
        'exact',
        'tangent',
        'graph',
        'auto',
      ]),
    )
    .option('--recall <share>', 'with the auto plan: of the exact hits, the share to find (default: 0.95)', share)
    .option(
      '--candidates <n>',
      'of a shard, scored; tangent and graph plan (default: 200)',
      wholeNumberIn(1, candidatesAskedMax),
    )
    .option('--expansion <n>', 'rows kept in a walk; graph plan (default: 256)', wholeNumberIn(1, expansionMax))
    .option('--filter <json>', 'which documents may be hits (docs/api.md, Filters)', jsonObject)
}

/** What was given, as a request has it. */
export function planOfRequest(options: PlanOptions): Pick<SearchRequest, (typeof planOptionNames)[number]> {
  return Object.fromEntries(
    planOptionNames.flatMap(name => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
}
