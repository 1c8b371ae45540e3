package import Foundation
package import Text

/// A key whose signatures a server takes, as its node.yaml names it.
package struct TrustedKey: Sendable, Hashable {
    package var key: PublicKey
    /// For people; `nil`: it is called by its identifier.
    package var name: String?
    /// After this time it is trusted no more; `nil`: always.
    package var end: Date?
    /// The types whose versions it may sign; `nil`: all.
    package var types: Set<ExactText>?

    package init(key: PublicKey, name: String? = nil, end: Date? = nil, types: Set<ExactText>? = nil) {
        self.key = key
        self.name = name
        self.end = end
        self.types = types
    }

    package var title: String { name ?? key.id }

    /// For people, with the identifier: `release team (0011223344556677)`, or the identifier alone.
    package var signature: String { KeyDescription(name: name).signature(of: key) }
}

/// The keys whose signatures a server takes.
package struct TrustedKeys: Sendable, Hashable {
    package var keys: [TrustedKey]

    package init(_ keys: [TrustedKey]) { self.keys = keys }

    /// Judges a manifest by its signatures.
    ///
    /// - Parameters:
    ///   - bytes: the exact bytes of the manifest.
    ///   - type: the type that it is for.
    ///   - now: the time by which a key has ended or not. A signature has no time of its own that could be trusted.
    /// - Returns: that one signature is enough, or why none is: the reason of the one that came closest.
    ///
    /// Cost: linear in the manifest for each signature by a known key.
    package func judge(
        _ bytes: [UInt8], _ signatures: ManifestSignatures, type: String, now: Date
    ) -> SignatureVerdict {
        guard !signatures.signatures.isEmpty else { return .refused(.unsigned) }
        let message = ManifestSignature.message(bytes)
        var closest = SignatureVerdict.Refusal.unknownKey(signatures.signatures.map(\.keyID))
        for signature in signatures.signatures {
            for key in keys where key.key.id.isExactly(signature.keyID) {
                let refusal: SignatureVerdict.Refusal
                if !key.key.isValid(signature.bytes, of: message) {
                    refusal = .altered(key: key.title)
                } else if let end = key.end, now >= end {
                    refusal = .ended(key: key.title, end)
                } else if let types = key.types, !types.contains(ExactText(type)) {
                    refusal = .wrongType(key: key.title, type: type)
                } else {
                    return .trusted(key)
                }
                if refusal.rank > closest.rank { closest = refusal }
            }
        }
        return .refused(closest)
    }
}

/// Whether a manifest is to be trusted, and why not.
package enum SignatureVerdict: Sendable, Hashable {
    case trusted(TrustedKey)
    case refused(Refusal)

    /// Why a manifest is not to be trusted.
    package enum Refusal: Sendable, Hashable {
        case unsigned
        /// No trusted key has one of these identifiers.
        case unknownKey([String])
        /// The manifest, or the signature, is another than what the key has signed.
        case altered(key: String)
        /// The signature is right, but too late.
        case ended(key: String, Date)
        /// The signature is right, but the key is trusted for other types.
        case wrongType(key: String, type: String)

        /// How far the signature got.
        fileprivate var rank: Int {
            switch self {
            case .unsigned: 0
            case .unknownKey: 1
            case .altered: 2
            case .ended: 3
            case .wrongType: 4
            }
        }

        /// One word for programs.
        package var code: String {
            switch self {
            case .unsigned: "unsigned"
            case .unknownKey: "unknown-key"
            case .altered: "altered"
            case .ended: "ended"
            case .wrongType: "wrong-type"
            }
        }
    }
}

extension SignatureVerdict.Refusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unsigned: "it is not signed"
        case .unknownKey(let ids):
            "it is signed by \(ids.joined(separator: ", ")), and no trusted key has \(ids.count == 1 ? "this" : "such an") identifier"
        case .altered(let key): "the signature by \(key.printable) is not of this manifest: one of them was altered"
        case .ended(let key, let end):
            "the key \(key.printable) signed it, and is not trusted since \(end.formatted(.iso8601))"
        case .wrongType(let key, let type):
            "the key \(key.printable) signed it, and may not sign versions of \(type.printable)"
        }
    }
}
