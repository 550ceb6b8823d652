/** Documents that a map shows; each one's vector is asked for alone. */
export const pointsMax = 200
export const pointsDefault = 100
/** Documents that are asked for at a time. */
export const documentsAtATime = 6
/** Of the best by either score, so many have their ranks beside them. */
export const ranksShown = 10
/** Meanings of a query, a line each; as many as there are marks to tell them apart. */
export const meaningsMax = 4
