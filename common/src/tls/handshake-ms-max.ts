/** For a TLS handshake, from the connection on: a client that has not ended it by then is cut off. Node waits two minutes. */
export const handshakeMsMax = 10_000
