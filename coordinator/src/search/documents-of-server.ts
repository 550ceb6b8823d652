/** How far a server's part of the winners lies above its mean before it must be asked a second time. */
const deviations = 2

/**
 * How many hits each of some servers should give with their documents, for nearly all of the `k` winners to have theirs.
 * A winner is on any of the servers alike, so that a server's part is binomial: its mean k/n, its deviation less than the
 * root of that. Documents on top of the winners' are read for nothing; the missing ones take a second call.
 */
export function documentsOfServer(k: number, servers: number): number {
  if (servers <= 1) return k
  const mean = k / servers
  return Math.min(k, Math.ceil(mean + deviations * Math.sqrt(mean)))
}
