import { HypershardError } from '@hypershard/common'
import {
  facetsMax,
  facetValuesListedMax,
  groupDefaults,
  highlightFragmentsMax,
  hitsMax,
  type SearchRequest,
  sortFieldsMax,
} from '@hypershard/contract'
import { type Command, InvalidArgumentError } from 'commander'
import { wholeNumberIn } from './parse-option.ts'

/** What is made of the hits, as given on the command line. */
export interface StageOptions {
  readonly facet?: NonNullable<SearchRequest['facets']>
  readonly groupBy?: string
  readonly groups?: number
  readonly groupHits?: number
  readonly sort?: NonNullable<SearchRequest['sort']>
  readonly highlight?: number
}

/** Adds them to a command that searches. */
export function addStageOptions(command: Command): Command {
  return command
    .option(
      '--facet <field[:limit]>',
      `count the values of a field among all documents that pass the filter; up to ${facetsMax} times`,
      facet,
    )
    .option('--sort <field[:desc]>', `the order of hits, before their score; up to ${sortFieldsMax} times`, sortBy)
    .option('--group-by <field>', 'groups of hits instead of hits, one for each value of a field')
    .option(
      '--groups <n>',
      `with --group-by: how many groups (default: ${groupDefaults.groups})`,
      wholeNumberIn(1, hitsMax),
    )
    .option(
      '--highlight <n>',
      "so many of the sentences of each hit's text that have words of the query, which are marked",
      wholeNumberIn(1, highlightFragmentsMax),
    )
    .option(
      '--group-hits <n>',
      `with --group-by: how many hits a group (default: ${groupDefaults.hits})`,
      wholeNumberIn(1, hitsMax),
    )
}

/** What was given, as a request has it. @throws HypershardError `invalid_request` for options that need another */
export function stagesOfRequest({
  facet: facets,
  groupBy: field,
  groups,
  groupHits: hits,
  sort,
  highlight: fragments,
}: StageOptions): Stages {
  const sizes = { ...(groups !== undefined && { groups }), ...(hits !== undefined && { hits }) }
  if (field === undefined && Object.keys(sizes).length > 0) {
    throw new HypershardError('invalid_request', '--groups and --group-hits need --group-by with a field')
  }
  return {
    ...(facets && { facets }),
    ...(sort && { sort }),
    ...(fragments !== undefined && { highlight: { fragments } }),
    ...(field !== undefined && { group_by: { field, ...sizes } }),
  }
}

type Stages = Pick<SearchRequest, 'facets' | 'group_by' | 'sort' | 'highlight'>

/** The names of fields have no colon. */
function facet(text: string, before: StageOptions['facet'] = []): StageOptions['facet'] {
  const [field = '', limit, ...more] = text.split(':')
  const isLimit = limit === undefined || (/^\d+$/.test(limit) && +limit >= 1 && +limit <= facetValuesListedMax)
  if (field === '' || !isLimit || more.length > 0) {
    throw new InvalidArgumentError(
      `It must be a field, or a field and how many of its values: year:${facetValuesListedMax}.`,
    )
  }
  if (before.length === facetsMax) throw new InvalidArgumentError(`It may be given ${facetsMax} times.`)
  return [...before, { field, ...(limit !== undefined && { limit: Number(limit) }) }]
}

function sortBy(text: string, before: StageOptions['sort'] = []): StageOptions['sort'] {
  const [field = '', order = 'asc', ...more] = text.split(':')
  if (field === '' || (order !== 'asc' && order !== 'desc') || more.length > 0) {
    throw new InvalidArgumentError('It must be a field, or a field and an order: year:desc.')
  }
  if (before.length === sortFieldsMax) throw new InvalidArgumentError(`It may be given ${sortFieldsMax} times.`)
  return [...before, { field, order }]
}
