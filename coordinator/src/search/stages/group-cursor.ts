import { HypershardError } from '@hypershard/common'
import type { Cursor } from '../cursor.ts'
import type { GroupPage, GroupPosition } from './group-hits.ts'

/** What a cursor holds of the last group of a page. */
export function cursorOfGroups({
  value,
  score,
  id,
  given,
}: NonNullable<GroupPage['next']>): Omit<Cursor, 'generation' | 'version'> {
  return { score, id, given, group: { value: value ?? null } }
}

/** @throws HypershardError `invalid_cursor` for one of a page of hits */
export function groupsOfCursor({ group, given, score, id }: Cursor): {
  readonly given: number
  readonly after: GroupPosition
} {
  if (group === undefined) {
    throw new HypershardError(
      'invalid_cursor',
      'cursor: it is not of groups; pass `next_cursor` of an answer unchanged',
    )
  }
  return { given, after: { score, id, value: group.value ?? undefined } }
}
