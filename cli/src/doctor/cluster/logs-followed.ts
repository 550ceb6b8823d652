import type { GenerationDescription } from '@hypershard/contract'
import { formatCount } from '../../terminal/format-number.ts'
import { advice, type Check, type Finding, ok, problem, unchecked } from '../check.ts'
import type { ClusterFacts } from './gather-cluster.ts'

/** Half a second apart: a portion of a log takes an indexer some two seconds, so that after ten nobody is at it. */
const looksMax = 20

/** Every write log is followed: what was acknowledged becomes searchable. */
export const logsFollowed: Check<ClusterFacts> = {
  name: 'write logs',
  look: async ({ generations, damaged, askLater }, signal) => {
    if (generations === undefined)
      return [unchecked('no coordinator tells of generations', 'use a key that may read them')]
    const broken = damaged.map(({ name, message }) =>
      problem(
        `index ${name} is damaged: ${message}`,
        `see \`hypershard verify ${name}\`, restore a snapshot or delete it`,
      ),
    )
    const worked = generations.filter(({ phase }) => phase === 'building' || phase === 'live')
    const lagging = worked.filter(({ progress }) => progress.lag > 0 || progress.problem !== null)
    const found = await Promise.all(lagging.map(generation => lagOf(generation, askLater, signal)))
    if (broken.length + found.length > 0) return [...broken, ...found]
    return [ok(`${formatCount(worked.length)} generations have all of their logs`)]
  },
}

async function lagOf(
  generation: GenerationDescription,
  askLater: ClusterFacts['askLater'],
  signal: AbortSignal,
): Promise<Finding> {
  const { index, generation: number, progress, paused, sequence } = generation
  const who = `generation ${number} of ${index}`
  if (progress.problem !== null) {
    const says = `${who} does not go on: ${progress.problem.code}: ${progress.problem.message}`
    return problem(says, 'mend what it names; it goes on by itself then')
  }
  const behind = `${who} is ${formatCount(progress.lag)} operations behind its write log`
  if (paused)
    return advice(`${behind} and paused`, `\`hypershard generation resume ${index} ${number}\` when it may go on`)
  for (let look = 0; look < looksMax; look++) {
    const now = await askLater(generation, signal)
    if (now.sequence > sequence || now.progress.lag === 0) return ok(`${behind} and catching up`)
  }
  const says = `${behind}, and nothing of it came in while it was looked at ${looksMax} times`
  return problem(
    says,
    'see that an indexer runs on this store, that it reaches an encoder service with the model, and its log',
  )
}
