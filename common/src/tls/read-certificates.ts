import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { HypershardError, messageOf } from '../errors/hypershard-error.ts'

/** One PEM file, and the setting or option that names it. */
export interface NamedFile {
  readonly name: string
  readonly path: string
}

/** PEM files: what a process proves itself with, and whom it believes. */
export interface CertificateFiles {
  /** The process's certificate first, then those between it and the CA. */
  readonly certificate: NamedFile
  readonly key: NamedFile
  /** CAs whose certificates are believed; none where clients prove nothing, as at the public ports. */
  readonly ca?: NamedFile | undefined
}

/** What the files hold, as it stands in them; checked to belong together. */
export interface Certificates {
  readonly certificate: Buffer
  readonly key: Buffer
  readonly ca: Buffer | undefined
  readonly expiresAt: Date
}

/** What an extended key usage must allow where a certificate has one (RFC 5280, section 4.2.1.12). */
const usages = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const

/** Far longer chains are no chains. */
const chainMax = 10

/**
 * Reads the files and checks that they can be used together, now.
 * @param nowMs of the wall clock: a certificate that has expired is refused
 * @throws HypershardError `invalid_config` that names the file at fault and what to do
 */
export async function readCertificates(files: CertificateFiles, nowMs: number): Promise<Certificates> {
  const [certificate, key, ca] = await Promise.all([
    readNamed(files.certificate),
    readNamed(files.key),
    files.ca === undefined ? undefined : readNamed(files.ca),
  ])
  const chain = parseChain(files.certificate, certificate)
  const leaf = chain[0]!
  if (!leaf.checkPrivateKey(parseKey(files.key, key))) {
    throw unusable(
      files.key,
      `is not the key of the certificate in ${files.certificate.name}; name the two that belong together`,
    )
  }
  checkTime(files.certificate, leaf, nowMs)
  checkUsage(files.certificate, leaf, files.ca !== undefined)
  if (files.ca !== undefined && ca !== undefined) {
    const roots = parseChain(files.ca, ca)
    if (!leadsTo(chain, roots)) {
      throw unusable(
        files.certificate,
        `was not signed by a CA in ${files.ca.name}; add the certificates between, or name the right CA`,
      )
    }
  }
  return { certificate, key, ca, expiresAt: leaf.validToDate }
}

async function readNamed(file: NamedFile): Promise<Buffer> {
  try {
    return await readFile(file.path)
  } catch (cause) {
    throw unusable(file, `cannot be read: ${messageOf(cause)}; name a PEM file that this process may read`, cause)
  }
}

function parseChain(file: NamedFile, pem: Buffer): X509Certificate[] {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) {
    throw unusable(file, 'holds no certificate; it must be PEM and start with -----BEGIN CERTIFICATE-----')
  }
  try {
    return blocks.map(block => new X509Certificate(block))
  } catch (cause) {
    throw unusable(file, `holds a damaged certificate (${messageOf(cause)}); make it anew`, cause)
  }
}

/** The message of a key that cannot be read says nothing of what is in it. */
function parseKey(file: NamedFile, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw unusable(file, 'holds no private key that can be read; it must be PEM, without a passphrase', cause)
  }
}

function checkTime(file: NamedFile, leaf: X509Certificate, nowMs: number): void {
  if (nowMs > leaf.validToDate.getTime()) {
    throw unusable(file, `expired at ${leaf.validToDate.toISOString()}; renew it`)
  }
  if (nowMs < leaf.validFromDate.getTime()) {
    throw unusable(file, `is valid from ${leaf.validFromDate.toISOString()} on; check this machine's clock`)
  }
}

/** A certificate between processes is shown by the one that calls as well. */
function checkUsage(file: NamedFile, leaf: X509Certificate, mutual: boolean): void {
  const allowed: readonly string[] | undefined = leaf.keyUsage
  if (allowed === undefined) return
  for (const use of mutual ? (['server', 'client'] as const) : (['server'] as const)) {
    if (allowed.includes(usages[use])) continue
    throw unusable(
      file,
      `may not be used as a ${use}; make one whose extended key usage has ${use}Auth${mutual ? ', and both' : ''}`,
    )
  }
}

/** Whether each certificate was signed by the next one, and the last by a root or is one. */
function leadsTo(chain: readonly X509Certificate[], roots: readonly X509Certificate[]): boolean {
  let at = chain[0]!
  for (let step = 0; step < chainMax; step++) {
    if (roots.some(root => signed(root, at) || root.fingerprint256 === at.fingerprint256)) return true
    const next = chain.find(one => one.fingerprint256 !== at.fingerprint256 && signed(one, at))
    if (next === undefined) return false
    at = next
  }
  return false
}

function signed(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function unusable({ name, path }: NamedFile, problem: string, cause?: unknown): HypershardError {
  return new HypershardError('invalid_config', `${name}: ${path} ${problem}`, {
    details: { setting: name, path },
    cause,
  })
}
