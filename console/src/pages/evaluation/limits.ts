/** Bounds of what a page holds and computes: it is one tab of a browser. */

/** Of a file that is given to the page, unpacked. */
export const textBytesMax = 64 * 1024 * 1024

/** Queries that are asked in one run. */
export const queriesAskedMax = 20_000

/** Runs that are kept to compare with; the oldest goes first. */
export const runsKeptMax = 12

/** Searches under way at a time. */
export const concurrencyMax = 16

/** Of the significance test, as `hypershard eval` has them. */
export const permutations = 100_000
export const seed = 1
