/**
 * What no log may have in it, wherever it comes from: errors of libraries quote what they were given. Keys of the API,
 * what stands before the host of a URL, private keys, and the values of fields that hold a secret by their name. Each pattern takes time linear in the text: a client chooses some of it.
 */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/:\/\/[^\s"'/?#]+@/g, '://***@'],
  [/\b(hs_[A-Za-z0-9]+_)[A-Za-z0-9_-]+/g, '$1***'],
  [/\b(Bearer|Basic) [\w.~+/=-]+/gi, '$1 ***'],
  // Of one that was cut off, too.
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g, '(a private key)'],
  [
    /("(?:authorization|password|secret\w{0,30}|aws_secret\w{0,30}|sessionToken|cookie)":)"(?:[^"\\]|\\.)*"/gi,
    '$1"***"',
  ],
]

/** A text, such as a line of a log, without the secrets in it. */
export function redactSecrets(text: string): string {
  return secrets.reduce((clean, [pattern, by]) => clean.replace(pattern, by), text)
}
