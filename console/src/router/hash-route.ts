/** Where in the console somebody is: `#/lab?index=papers` is the page `lab` with one parameter. */
export interface HashRoute {
  readonly page: string
  readonly parameters: URLSearchParams
}

/** @param hash as `location.hash` has it, with its `#` */
export function parseHash(hash: string): HashRoute {
  const [path = '', ...rest] = hash.replace(/^#\/?/, '').split('?')
  return { page: path.replace(/\/$/, ''), parameters: new URLSearchParams(rest.join('?')) }
}

/**
 * A link to a page of the console. Parameters that are undefined are left out.
 *
 * @example
 * hrefOf('lab', { index: 'papers', query: 'why do stars twinkle' }) // '#/lab?index=papers&query=why+do+stars+twinkle'
 */
export function hrefOf(page: string, parameters: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const query = new URLSearchParams(given).toString()
  return `#/${page}${query === '' ? '' : `?${query}`}`
}
