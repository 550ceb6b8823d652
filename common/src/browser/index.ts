/** What of this package needs nothing of Node: for packages that run in a browser too. */
export { isErrorCode } from '../errors/catalogue.ts'
export { HypershardError, messageOf } from '../errors/hypershard-error.ts'
export { randomWords } from '../random-words.ts'
export { compareIds } from '../rank-order.ts'
