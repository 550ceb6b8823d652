/**
 * Places in a text: JavaScript counts UTF-16 units, whoever reads an answer in another language counts characters. What
 * leaves a process is code points.
 */

const surrogates = /[\ud800-\udfff]/

/** @param units places in UTF-16 units, none inside a surrogate pair, in any order @returns the same in code points */
export function toCodePoints(text: string, units: readonly number[]): number[] {
  return surrogates.test(text) ? convert(text, units, (unit, _) => unit) : [...units]
}

/** @param points places in code points, in any order @returns the same in UTF-16 units; the text's end where it is shorter */
export function fromCodePoints(text: string, points: readonly number[]): number[] {
  if (!surrogates.test(text)) return points.map(point => Math.min(point, text.length))
  return convert(text, points, (_, point) => point, true)
}

/** One walk over the text, to the highest place asked for. */
function convert(
  text: string,
  places: readonly number[],
  coordinateOf: (unit: number, point: number) => number,
  toUnits = false,
): number[] {
  const order = places.map((_, at) => at).sort((a, b) => places[a]! - places[b]!)
  const converted = new Array<number>(places.length).fill(0)
  let unit = 0
  let point = 0
  for (const at of order) {
    while (unit < text.length && coordinateOf(unit, point) < places[at]!) {
      unit += text.codePointAt(unit)! > 0xffff ? 2 : 1
      point++
    }
    converted[at] = toUnits ? unit : point
  }
  return converted
}
