/** How long an answer may take when the caller does not say. */
export const answerMsDefault = 30_000
/** What a search may take on top of the time that the coordinator gives itself. */
export const searchSlackMs = 5_000
/** How long a stream may go without a sign of life: writing the segments of a large put is silent. */
export const silenceMsDefault = 120_000
/** Loading a generation on the shard servers. */
export const switchMsDefault = 600_000
/** Reading every byte of an index. */
export const verifyMsDefault = 6 * 3_600_000

/** How often a call is made that fails in a way that may pass. */
export const attemptsDefault = 4
/** The wait before the second attempt; it doubles before each further one. */
export const backoffMsFirst = 100
export const backoffMsMax = 10_000

/** The longest line of an answer: 1,000 reported lines with ids of 512 bytes and messages stay far below it. */
export const answerLineCharactersMax = 16 * 1024 * 1024

/** What a batch of documents has when the caller does not say; one is sent while the next is collected. */
export const batchBytesDefault = 4 * 1024 * 1024
export const batchDocumentsDefault = 4_096
