import type { RequestContext } from '@hypershard/common'
import { type AdmittingParts, waitForWrite } from '../admit-search.ts'
import { unlessDeleted } from '../deleted-meanwhile.ts'
import { type ExplainInput, type Explanation, explain } from './explain.ts'

/** An explanation is as much work as an exact search, so it waits for a place among the searches that run at a time. */
export async function admitExplain(
  input: ExplainInput,
  context: RequestContext,
  parts: AdmittingParts,
): Promise<Explanation | undefined> {
  return context.step('explain', async inner => {
    const { search } = input
    await waitForWrite(search, inner, parts)
    const work = () => unlessDeleted(search.index, inner, parts, () => explain(input, inner, parts))
    const explanation = await parts.searches.run(inner.deadline, work)
    if (inner.trace.recording) inner.trace.set({ 'hypershard.index': search.index, 'hypershard.plan': search.plan })
    return explanation
  })
}
