/**
 * How many candidates to score for a recall, told by the scores themselves. A tangent estimates every score; what the
 * estimates of the documents scored so far were wrong by tells how wrong those of the others may be, and so how many of
 * the others may be hits. It needs no calibration: a q-net that bends has its tangent's errors seen, query by query.
 */

/**
 * Fewer hits than asked for may be missed so many times. The errors of q-nets with random weights, whose tangents are worth
 * little, are no normal distribution: without a reserve .88 were found where .95 was asked for, with it .96. Trained ones
 * have no use for more than the first candidates.
 */
const missesReserve = 4

/** The least share of the errors' spread that errors not seen yet may have on top, by how many were seen. */
const spreadReserve = 2

export interface ScoredCandidates {
  /** Of all candidates, best first. */
  readonly estimates: readonly number[]
  /** By the q-net, of the first so many. */
  readonly scores: readonly number[]
  /** Documents that the candidates are the best of. */
  readonly documents: number
  /** How many hits are wanted. */
  readonly hits: number
  /** The share of them to find, on average. */
  readonly recall: number
}

/** How many are scored before there is anything to tell by. */
export function firstCandidates(hits: number): number {
  return 12 + 2 * hits
}

/**
 * The least number of candidates to score, at least those that are scored, with which no more hits are expected
 * among the other documents than may be missed. More than there are candidates: these do not suffice.
 */
export function candidatesNeeded({ estimates, scores, documents, hits, recall }: ScoredCandidates): number {
  const scored = scores.length
  if (scored >= documents) return scored
  if (scored < hits || scored < 2) return Math.min(documents, Math.max(hits, 2))
  const { mean, spread } = errorsOf(estimates, scores)
  const least = scores.toSorted((a, b) => b - a)[hits - 1]! - mean
  if (!Number.isFinite(least + spread)) return documents
  const missesMax = ((1 - recall) * hits) / missesReserve
  const chanceOf = (estimate: number) => normalTail((least - estimate) / spread)
  let misses = missesBeyond(estimates, { documents, least, spread })
  if (misses > missesMax) return estimates.length + 1
  let needed = estimates.length
  while (needed > scored) {
    misses += chanceOf(estimates[needed - 1]!)
    if (misses > missesMax) break
    needed--
  }
  return needed
}

/** What scores are above their estimates, and a spread of that which is rather too large than too small. */
function errorsOf(estimates: readonly number[], scores: readonly number[]): { mean: number; spread: number } {
  const errors = scores.map((score, at) => score - estimates[at]!)
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
  const variance = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (errors.length - 1)
  const spread = Math.sqrt(variance) * (1 + spreadReserve / Math.sqrt(2 * errors.length))
  return { mean, spread: Math.max(spread, Number.MIN_VALUE) }
}

interface Beyond {
  readonly documents: number
  readonly least: number
  readonly spread: number
}

/**
 * The hits expected among documents that are no candidates. Going down, there are more and more documents of each
 * estimate, but their number grows ever more slowly: as fast as it grows from the best quarter of the candidates to the
 * last is too fast.
 */
function missesBeyond(estimates: readonly number[], { documents, least, spread }: Beyond): number {
  const rest = documents - estimates.length
  if (rest <= 0) return 0
  const last = estimates.at(-1)!
  const distance = (least - last) / spread
  const allThere = rest * normalTail(distance)
  const growth = (Math.log(4) / (estimates[estimates.length >> 2]! - last)) * spread
  if (!Number.isFinite(growth)) return allThere
  // The integral of growth * exp(growth x) * normalTail(distance + x) over x > 0, x in spreads below the last candidate.
  const decaying = Math.exp(growth ** 2 / 2 - growth * distance) * normalTail(distance - growth) - normalTail(distance)
  return Number.isNaN(decaying) ? allThere : Math.min(allThere, estimates.length * Math.max(0, decaying))
}

/** The share of a normal distribution above x: Abramowitz and Stegun 7.1.26, off by less than 1e-7. */
function normalTail(x: number): number {
  const z = Math.abs(x) / Math.SQRT2
  const t = 1 / (1 + 0.327_591_1 * z)
  const polynomial =
    t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))))
  const half = (polynomial * Math.exp(-z * z)) / 2
  return x >= 0 ? half : 1 - half
}
