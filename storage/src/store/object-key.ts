import assert from 'node:assert/strict'

const partPattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/

/**
 * Keys and folders are built by this package from checked names, never taken from a request, so a key that could
 * leave the store's root (`..`, an absolute path, a hidden file) is a defect.
 */
export function assertKey(key: string): void {
  assert(
    key.split('/').every(part => partPattern.test(part)),
    `not an object key: ${JSON.stringify(key)}`,
  )
}

/** @param folder `''` for the whole store, or parts that each end with `/` */
export function assertFolder(folder: string): void {
  if (folder === '') return
  assert(folder.endsWith('/'), `a folder ends with a slash: ${JSON.stringify(folder)}`)
  assertKey(folder.slice(0, -1))
}
