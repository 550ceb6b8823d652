import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** A certificate with its private key, as PEM text. */
export interface Issued {
  readonly certificate: string
  readonly key: string
}

/** What a certificate is shown as. */
export type CertificateUse = 'server' | 'client'

export interface Validity {
  readonly from: Date
  readonly to: Date
}

/** Elliptic curve keys: made in a millisecond, and understood by every TLS of the last ten years. */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** Clocks of machines that are set up together differ by less. */
const clockSlackMs = 3_600_000

/** From a little before now on. */
export function validFor(days: number, nowMs: number = Date.now()): Validity {
  return { from: new Date(nowMs - clockSlackMs), to: new Date(nowMs + days * 24 * 3_600_000) }
}

/** A small CA of one cluster: it signs certificates of its processes and its public name, and nothing else. */
export class CertificateAuthority {
  readonly #certificate: X509Certificate
  readonly #signingKey: webcrypto.CryptoKey

  private constructor(certificate: X509Certificate, signingKey: webcrypto.CryptoKey) {
    this.#certificate = certificate
    this.#signingKey = signingKey
  }

  static async create(name: string, validity: Validity): Promise<{ authority: CertificateAuthority; files: Issued }> {
    const keys = await makeKeys()
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: [{ CN: [name] }],
      keys,
      notBefore: validity.from,
      notAfter: validity.to,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    const files = { certificate: pemOf(certificate), key: pemOfKey(keys.privateKey) }
    return { authority: new CertificateAuthority(certificate, keys.privateKey), files }
  }

  /** A CA that `create` made before. */
  static async open({ certificate, key }: Issued): Promise<CertificateAuthority> {
    const body = Buffer.from(key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
    const signingKey = await webcrypto.subtle.importKey('pkcs8', body, algorithm, false, ['sign'])
    return new CertificateAuthority(new X509Certificate(certificate), signingKey)
  }

  /**
   * @param names DNS names and addresses that the holder is called by; the first is also its common name
   * @param validity never longer than the CA's own
   */
  async issue(
    names: readonly [string, ...string[]],
    validity: Validity,
    uses: readonly CertificateUse[] = ['server', 'client'],
  ): Promise<Issued> {
    const keys = await makeKeys()
    const certificate = await X509CertificateGenerator.create({
      subject: [{ CN: [names[0]] }],
      issuer: this.#certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.#signingKey,
      signingAlgorithm: algorithm,
      notBefore: validity.from,
      notAfter: new Date(Math.min(validity.to.getTime(), this.#certificate.notAfter.getTime())),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension(uses.map(use => ExtendedKeyUsage[`${use}Auth`])),
        new SubjectAlternativeNameExtension(names.map(toGeneralName)),
        await AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    return { certificate: pemOf(certificate), key: pemOfKey(keys.privateKey) }
  }
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

function toGeneralName(name: string): JsonGeneralName {
  return { type: isIP(name) > 0 ? 'ip' : 'dns', value: name }
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

function pemOfKey(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString()
}
