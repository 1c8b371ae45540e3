import Foundation
import Glibc
import ServiceSupport
import Text
import Versions

/// The manifests that were judged and taken, with their signatures: their exact bytes.
struct ManifestShelf: Sendable {
    let directory: NodeDirectory
    let keys: TrustedKeys
    let takesUnsigned: Bool

    private func path(_ digest: ContentDigest, _ end: String) -> String { "\(directory.manifests)/\(digest).\(end)" }

    /// Judges a manifest that was fetched.
    ///
    /// - Throws: why it is not taken.
    func judge(
        _ bytes: [UInt8], _ signatures: [UInt8], _ digest: ContentDigest, for service: String
    ) throws -> Manifest {
        guard ContentDigest(of: bytes) == digest else {
            throw VersionRefusal("the manifest that ADMIN sent is not \(digest.short)…: its SHA-256 differs")
        }
        // Nothing of it is read before somebody trusted has signed it.
        if case .refused(let refusal) = try verdict(bytes, signatures, for: service) {
            throw VersionRefusal("the version \(digest.short)… is not trusted: \(refusal)", isLasting: true)
        }
        let manifest: Manifest
        do throws(ManifestError) { manifest = try Manifest(reading: bytes) } catch {
            throw VersionRefusal(
                "the manifest \(digest.short)… is refused: \(error.faults[0])"
                    + (error.faults.count > 1 ? ", and \(error.faults.count - 1) more" : ""), isLasting: true)
        }
        try Self.check(manifest, digest, for: service)
        return manifest
    }

    private static func check(_ manifest: Manifest, _ digest: ContentDigest, for service: String) throws(VersionRefusal)
    {
        guard let type = AssignedName.type(of: service), manifest.version.type.isExactly(type) else {
            throw VersionRefusal(
                "the version \(digest.short)… is \("\(manifest.version)".printable), and \(service) is of another type",
                isLasting: true)
        }
    }

    private func verdict(
        _ bytes: [UInt8], _ signatures: [UInt8], for service: String
    ) throws(ManifestError) -> SignatureVerdict? {
        guard !takesUnsigned else { return nil }
        return keys.judge(
            bytes, try ManifestSignatures(reading: signatures), type: AssignedName.type(of: service) ?? "", now: Date())
    }

    /// Keeps a manifest that was judged.
    func keep(_ bytes: [UInt8], _ signatures: [UInt8], _ digest: ContentDigest) throws(FileError) {
        try Files.replace(path(digest, "signatures"), with: signatures, isDurable: true)
        try Files.replace(path(digest, "json"), with: bytes, isDurable: true)
    }

    /// A manifest that is kept, and what the keys say of it.
    struct Judged: Sendable {
        var facts: ManifestFacts
        var trust: VersionKnowledge.Trust
        /// When its key ends, and the judgement with it; `nil`: never.
        var end: Date?
    }

    /// Tells a manifest that is kept from one that replaces it; `nil` if there is none. Cost: one system call.
    func identity(of digest: ContentDigest) -> Files.Identity? { Files.identity(of: path(digest, "json")) }

    /// A manifest that is kept, judged; `nil` if it or its signatures are not here, or its bytes were altered. Cost: linear
    /// in the manifest.
    func taken(_ digest: ContentDigest, for service: String) -> Judged? {
        guard let bytes = (try? Files.read(path(digest, "json"), limit: Manifest.largest)).flatMap({ $0 }),
            ContentDigest(of: bytes) == digest, let manifest = try? Manifest(reading: bytes)
        else { return nil }
        let facts = ManifestFacts(manifest)
        do {
            try Self.check(manifest, digest, for: service)
            guard let signatures = try Files.read(path(digest, "signatures"), limit: ManifestSignatures.largest) else {
                return nil
            }
            switch try verdict(bytes, signatures, for: service) {
            case nil: return Judged(facts: facts, trust: .trusted)
            case .trusted(let key): return Judged(facts: facts, trust: .trusted, end: key.end)
            // It was taken in time.
            case .refused(let refusal) where refusal.code.isExactly("ended"):
                return Judged(facts: facts, trust: .placedOnly("\(refusal)"))
            case .refused(let refusal): return Judged(facts: facts, trust: .refused("\(refusal)"))
            }
        } catch {
            return Judged(facts: facts, trust: .refused("\(error)"))
        }
    }

    /// The whole of a manifest that is kept.
    func manifest(_ digest: ContentDigest) throws -> Manifest {
        guard let bytes = try Files.read(path(digest, "json"), limit: Manifest.largest),
            ContentDigest(of: bytes) == digest
        else { throw VersionRefusal("the manifest \(digest.short)… is not here") }
        return try Manifest(reading: bytes)
    }

    /// Removes the manifests that are not needed.
    func collect(needed: Set<ContentDigest>) {
        for name in Files.names(in: directory.manifests) {
            let parts = name.splitBytes(".")
            if parts.count == 2, let digest = ContentDigest(parts[0]), !needed.contains(digest) {
                Files.remove("\(directory.manifests)/\(name)")
            }
        }
    }
}

/// Why a version is not taken.
struct VersionRefusal: Error, CustomStringConvertible {
    let description: String
    /// Whether the next attempt comes to the same unless keys, signatures or this program are others.
    let isLasting: Bool

    init(_ description: String, isLasting: Bool = false) {
        self.description = description
        self.isLasting = isLasting
    }
}
