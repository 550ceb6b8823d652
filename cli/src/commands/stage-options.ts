import { facetsMax, facetValuesListedMax, type SearchRequest } from '@hypershard/contract'
import { type Command, InvalidArgumentError } from 'commander'

/** What is made of the hits, as given on the command line. */
export interface StageOptions {
  readonly facet?: NonNullable<SearchRequest['facets']>
}

/** Adds them to a command that searches. */
export function addStageOptions(command: Command): Command {
  return command.option(
    '--facet <field[:limit]>',
    `count the values of a field among all documents that pass the filter; up to ${facetsMax} times`,
    facet,
  )
}

/** What was given, as a request has it. */
export function stagesOfRequest({ facet: facets }: StageOptions): Pick<SearchRequest, 'facets'> {
  return facets === undefined ? {} : { facets }
}

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
