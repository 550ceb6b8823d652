/**
 * Which waiting texts share the next batch. A batch is computed as a rectangle, every text padded to the longest, and
 * so costs `texts x longest` tokens; putting texts of like length together keeps the padding small.
 *
 * The oldest text is always in the batch, so nothing waits forever for company of its own length. From it the batch
 * grows to the neighbour in length that is nearer, while the rectangle stays inside the budget.
 * @param tokens length of each waiting text, the oldest first; at least one
 * @param tokenBudgetMax at least the oldest's length
 * @returns positions in `tokens`, the shortest text first
 */
export function chooseBatch(tokens: readonly number[], tokenBudgetMax: number): number[] {
  const order = tokens.map((_, position) => position).sort((left, right) => tokens[left]! - tokens[right]!)
  const lengthAt = (place: number) => tokens[order[place]!]!
  let first = order.indexOf(0)
  let last = first
  for (;;) {
    const texts = last - first + 2
    const shorterFits = first > 0 && texts * lengthAt(last) <= tokenBudgetMax
    const longerFits = last + 1 < order.length && texts * lengthAt(last + 1) <= tokenBudgetMax
    if (!shorterFits && !longerFits) return order.slice(first, last + 1)
    const shorterIsNearer = shorterFits && lengthAt(first) - lengthAt(first - 1) < lengthAt(last + 1) - lengthAt(last)
    if (shorterFits && (!longerFits || shorterIsNearer)) first--
    else last++
  }
}
