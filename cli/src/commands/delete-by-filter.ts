import type { DeleteByFilterAnswer, DeleteByFilterRequest, WaitMode } from '@hypershard/contract'
import { formatCountOf } from '../terminal/format-number.ts'
import type { CommandContext } from './context.ts'

/** What all requests of one deletion came to, and the last of them. */
interface DeletionResult extends DeleteByFilterAnswer {
  readonly requests: number
}

/** Asks again while there may be more: the next looks once searches see the deletion before. */
export async function deleteByFilter(
  context: CommandContext,
  index: string,
  filter: DeleteByFilterRequest['filter'],
  wait: WaitMode,
): Promise<void> {
  let result: DeletionResult | undefined
  do {
    const answer: DeleteByFilterAnswer = await context
      .api()
      .deleteByFilter(index, { filter, min_sequence: result?.sequence ?? 0 }, { waitFor: wait })
    const sum = (count: number | undefined | null, more: number | null) => (count ?? 0) + (more ?? 0)
    const deleted = sum(result?.deleted, answer.deleted)
    const written_meanwhile = sum(result?.written_meanwhile, answer.written_meanwhile)
    result = { ...answer, deleted, written_meanwhile, requests: (result?.requests ?? 0) + 1 }
  } while (!result.complete && result.sequence !== null)
  context.answer(result, ({ deleted, written_meanwhile: stay }) => [
    `deleted ${formatCountOf(deleted ?? 0, 'document')} from ${index}`,
    ...(stay === 0
      ? []
      : [`  ${formatCountOf(stay, 'document')} written meanwhile stay; ask again to compare them too`]),
  ])
}
