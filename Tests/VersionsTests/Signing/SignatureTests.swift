import Foundation
import TestSupport
import Testing
import Text

@testable import Versions

@Suite struct SignatureTests {
    private let bytes = Samples.whole.bytes
    private let key = SigningKey(description: KeyDescription(name: "ops"))
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func signed(_ keys: SigningKey...) throws -> ManifestSignatures {
        var signatures = ManifestSignatures()
        for key in keys { try signatures.add(try key.sign(manifest: bytes)) }
        return signatures
    }

    private func verdict(
        _ signatures: ManifestSignatures, _ trusted: [TrustedKey], bytes: [UInt8]? = nil, type: String = "mdb"
    ) -> SignatureVerdict {
        TrustedKeys(trusted).judge(bytes ?? self.bytes, signatures, type: type, now: now)
    }

    @Test("a signature by a trusted key is enough, beside others")
    func trusted() throws {
        let trusted = TrustedKey(key: key.publicKey, name: "ops")
        let other = SigningKey(description: KeyDescription())
        #expect(verdict(try signed(key), [trusted]) == .trusted(trusted))
        #expect(verdict(try signed(other, key), [trusted]) == .trusted(trusted))
        #expect(verdict(try signed(key), [TrustedKey(key: other.publicKey), trusted]) == .trusted(trusted))
    }

    @Test("a key without a name is called by its identifier, once")
    func words() {
        let id = key.publicKey.id
        #expect(TrustedKey(key: key.publicKey, name: "ops").signature == "ops (\(id))")
        #expect(TrustedKey(key: key.publicKey).signature == id)
    }

    @Test("without signatures, or by a stranger, nothing is trusted")
    func unknown() throws {
        let stranger = SigningKey(description: KeyDescription())
        let trusted = TrustedKey(key: key.publicKey)
        #expect(verdict(ManifestSignatures(), [trusted]) == .refused(.unsigned))
        #expect(verdict(try signed(stranger), [trusted]) == .refused(.unknownKey([stranger.publicKey.id])))
        #expect(verdict(try signed(key), []) == .refused(.unknownKey([key.publicKey.id])))
    }

    @Test("one bit of the manifest or of the signature is too much")
    func altered() throws {
        let signatures = try signed(key)
        let trusted = [TrustedKey(key: key.publicKey, name: "ops")]
        for index in stride(from: 0, to: bytes.count, by: 97) {
            var changed = bytes
            changed[index] ^= 1
            #expect(verdict(signatures, trusted, bytes: changed) == .refused(.altered(key: "ops")))
        }
        #expect(verdict(signatures, trusted, bytes: bytes + [0x0A]) == .refused(.altered(key: "ops")))
        for index in 0..<64 {
            var changed = signatures.signatures[0].bytes
            changed[index] ^= 0x10
            var others = ManifestSignatures()
            try others.add(ManifestSignature(keyID: key.publicKey.id, bytes: changed))
            #expect(verdict(others, trusted) == .refused(.altered(key: "ops")))
        }
    }

    @Test("a stranger who claims to be a trusted key has altered something")
    func claimed() throws {
        let stranger = try SigningKey(description: KeyDescription()).sign(manifest: bytes)
        var signatures = ManifestSignatures()
        try signatures.add(ManifestSignature(keyID: key.publicKey.id, bytes: stranger.bytes))
        #expect(verdict(signatures, [TrustedKey(key: key.publicKey)]) == .refused(.altered(key: key.publicKey.id)))
    }

    @Test("a signature of the bare bytes, without the domain, is none")
    func domain() throws {
        #expect(ManifestSignature.message(bytes).starts(with: "portcullis version manifest, format 1\n".utf8))
        let signature = try key.sign(manifest: bytes)
        #expect(!key.publicKey.isValid(signature.bytes, of: bytes))
        #expect(key.publicKey.isValid(signature.bytes, of: ManifestSignature.message(bytes)))
    }

    @Test("a key ends at its time, and not before")
    func ended() throws {
        let before = TrustedKey(key: key.publicKey, name: "ops", end: now + 1)
        let at = TrustedKey(key: key.publicKey, name: "ops", end: now)
        #expect(verdict(try signed(key), [before]) == .trusted(before))
        #expect(verdict(try signed(key), [at]) == .refused(.ended(key: "ops", now)))
        #expect(verdict(try signed(key), [at, before]) == .trusted(before))
    }

    @Test("a key that is trusted for some types signs no others")
    func types() throws {
        let trusted = TrustedKey(key: key.publicKey, name: "ops", types: ["mdb", "tg"])
        #expect(verdict(try signed(key), [trusted]) == .trusted(trusted))
        #expect(verdict(try signed(key), [trusted], type: "pgw") == .refused(.wrongType(key: "ops", type: "pgw")))
        let none = TrustedKey(key: key.publicKey, name: "ops", types: [])
        #expect(verdict(try signed(key), [none]) == .refused(.wrongType(key: "ops", type: "mdb")))
    }

    @Test("the reason of the signature that came closest is told")
    func closest() throws {
        let old = SigningKey(description: KeyDescription())
        let ended = TrustedKey(key: old.publicKey, name: "old", end: now - 1)
        let stranger = SigningKey(description: KeyDescription())
        #expect(verdict(try signed(stranger, old), [ended]) == .refused(.ended(key: "old", now - 1)))
        #expect(
            "\(SignatureVerdict.Refusal.ended(key: "old", now))"
                == "the key old signed it, and is not trusted since 2027-01-15T08:00:00Z")
    }

    @Test("the file of signatures reads as it was written; a second signature by one key replaces the first")
    func file() throws {
        var signatures = try signed(key, SigningKey(description: KeyDescription()))
        #expect(try ManifestSignatures(reading: signatures.bytes) == signatures)
        try signatures.add(try key.sign(manifest: bytes))
        #expect(signatures.signatures.count == 2)
        for _ in 0..<14 { try signatures.add(try SigningKey(description: KeyDescription()).sign(manifest: bytes)) }
        #expect(throws: ManifestError.self) {
            try signatures.add(try SigningKey(description: KeyDescription()).sign(manifest: bytes))
        }
        #expect(try ManifestSignatures(reading: signatures.bytes) == signatures)
    }

    @Test(
        "files that are no signatures are refused",
        arguments: [
            "", "[]", "{}", #"{"format":2,"signatures":[]}"#, #"{"format":1,"signatures":{}}"#,
            #"{"format":1,"signatures":[],"x":1}"#, #"{"format":1,"signatures":[{"key":"0123456789abcdef"}]}"#,
            #"{"format":1,"signatures":[{"key":"0123456789abcdef","signature":"AAAA"}]}"#,
            #"{"format":1,"signatures":[{"key":"x","signature":"AAAA"}]}"#,
        ])
    func noSignatures(_ text: String) {
        #expect(throws: ManifestError.self) { try ManifestSignatures(reading: Array(text.utf8)) }
    }
}

@Suite struct KeyFileTests {
    @Test("a key is read as it was written; the private file is nobody else's")
    func files() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "ops.key").path
            let description = KeyDescription(name: "ops \"team\"", end: Date(timeIntervalSince1970: 1_900_000_000))
            let key = SigningKey(description: description)
            try key.write(path)
            try key.writePublic(path + ".pub")
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
            let read = try SigningKey(reading: path)
            #expect(read.publicKey == key.publicKey)
            #expect(read.description == description)
            #expect(try PublicKeyFile(reading: path + ".pub") == key.publicFile)
            #expect(try PublicKeyFile(ofEither: path) == key.publicFile)
            #expect(try PublicKeyFile(ofEither: path + ".pub") == key.publicFile)
            #expect(PublicKey("\(key.publicKey)") == key.publicKey)
        }
    }

    @Test("a key that others may read is refused, a key that is there is never overwritten")
    func refused() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "k").path
            let key = SigningKey(description: KeyDescription())
            try key.write(path)
            let before = try Data(contentsOf: URL(filePath: path))
            #expect(
                "\(try error { try SigningKey(description: KeyDescription()).write(path) })".contains(
                    "never overwritten"))
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
            for mode in [0o640, 0o604, 0o610, 0o660, 0o644] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
                #expect(
                    "\(try error { try SigningKey(reading: path) })".contains("others have rights on this private key"))
            }
            #expect(
                "\(try error { try PublicKeyFile(reading: path) })".contains("and a portcullis public key is needed"))
        }
    }

    @Test(
        "files that are no keys are refused",
        arguments: [
            ("", "this is no key file"), ("{}", "this is no key file"), ("[1]", "this is no key file"),
            (#"{"format":1,"kind":"portcullis private key","key":"AAAA"}"#, "is no private key"),
            (#"{"format":2,"kind":"portcullis private key","key":"AAAA"}"#, "\"format\" must be 1"),
            (#"{"format":1,"kind":"portcullis private key","key":"AAAA","x":1}"#, "\"x\" is not known"),
            (#"{"format":1,"kind":"portcullis private key"}"#, "\"key\" is missing"),
            (#"{"format":1,"kind":"portcullis private key","key":"AAAA","not-after":"soon"}"#, "is no time"),
            (#"{"format":1,"kind":"portcullis private key","key":"AAAA","name":"a\nb"}"#, "has a control character"),
        ])
    func noKeys(_ text: String, _ reason: String) async throws {
        try await withTemporaryFolder { folder in
            let path = try folder.write("k", text.utf8, mode: 0o600)
            #expect("\(try error { try SigningKey(reading: path) })".contains(reason))
        }
    }

    @Test("text that is no public key", arguments: ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA", "ed25519:****"])
    func noPublicKeys(_ text: String) { #expect(PublicKey(text) == nil) }
}

/// The error that `body` throws.
func error<Value>(_ body: () throws -> Value) throws -> any Error {
    do { _ = try body() } catch { return error }
    throw NoError()
}

/// What should have thrown did not.
struct NoError: Error {}
