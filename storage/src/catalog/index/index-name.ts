/** A name that is safe in keys, paths and URLs. */
export const indexNamePattern = /^[a-z0-9][a-z0-9_-]{0,63}$/
