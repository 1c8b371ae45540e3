import JSON
import Names

/// A version of a type that ADMIN keeps (`GET /v1/versions`).
public struct ServiceVersion: Sendable, Hashable {
    /// What is known of how good a version is.
    public enum Mark: String, Sendable, Hashable, CaseIterable {
        /// Nothing yet.
        case untested
        /// It has worked: what a failed rollout goes back to.
        case good
        /// It has failed.
        case quarantined
    }

    public var type: String
    public var name: String
    public var variant: String
    /// The SHA-256 of its manifest, which names the version: 64 hexadecimal digits.
    public var digest: String
    public var files: Int
    /// Bytes of all files.
    public var size: Int
    /// Bytes of all contents as they are kept and sent, each counted once.
    public var compressedSize: Int
    /// The identifiers of the keys that have signed it. Whether a signature is valid, servers find out: ADMIN has no keys.
    public var signedBy: [String]
    public var mark: Mark
    /// Why it is marked so, for people.
    public var reason: String?
    /// When it was added, RFC 3339 in UTC; the other time has the same form.
    public var createdAt: String
    /// Who added it.
    public var createdBy: String
    /// When and by whom it was marked; `nil`: never.
    public var markedAt: String?
    public var markedBy: String?

    public init(
        type: String, name: String, variant: String, digest: String, files: Int, size: Int, compressedSize: Int,
        signedBy: [String], mark: Mark, reason: String? = nil, createdAt: String, createdBy: String,
        markedAt: String? = nil, markedBy: String? = nil
    ) {
        self.type = type
        self.name = name
        self.variant = variant
        self.digest = digest
        self.files = files
        self.size = size
        self.compressedSize = compressedSize
        self.signedBy = signedBy
        self.mark = mark
        self.reason = reason
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.markedAt = markedAt
        self.markedBy = markedBy
    }
}

/// Body of `PUT /v1/versions/{type}/{version}/mark`.
public struct VersionMarkChange: Sendable, Hashable {
    public var mark: ServiceVersion.Mark
    /// Why; a version is quarantined for a reason.
    public var reason: String?

    public init(mark: ServiceVersion.Mark, reason: String? = nil) {
        self.mark = mark
        self.reason = reason
    }
}

/// Body of `PUT /v1/versions/{type}/{version}`.
public struct VersionCreation: Sendable, Hashable {
    /// The exact bytes of the manifest: they are UTF-8.
    public var manifest: String
    public var signatures: [VersionSignature]

    public init(manifest: String, signatures: [VersionSignature]) {
        self.manifest = manifest
        self.signatures = signatures
    }
}

/// A signature of a manifest.
public struct VersionSignature: Sendable, Hashable {
    /// The identifier of the key: 16 hexadecimal digits.
    public var key: String
    /// 64 bytes in Base64.
    public var signature: String

    public init(key: String, signature: String) {
        self.key = key
        self.signature = signature
    }
}

/// Answer of `GET /v1/manifests/{digest}/signatures`: the file of signatures as a store has it.
public struct VersionSignatures: Sendable, Hashable {
    /// The number of the file's format.
    public var format: Int
    public var signatures: [VersionSignature]

    public init(format: Int = 1, signatures: [VersionSignature]) {
        self.format = format
        self.signatures = signatures
    }
}

/// Answer of `POST /v1/versions/{type}/{version}/verification`: what ADMIN has found when it read all of a version.
public struct VersionVerification: Sendable, Hashable {
    /// A content that is not there as the manifest says.
    public struct Fault: Sendable, Hashable {
        public var digest: String
        public var detail: String

        public init(digest: String, detail: String) {
            self.digest = digest
            self.detail = detail
        }
    }

    /// The SHA-256 of the manifest.
    public var digest: String
    /// How many contents were read.
    public var blobs: Int
    /// Their compressed bytes.
    public var bytes: Int
    /// An altered one was removed, so that it can be sent again.
    public var faults: [Fault]

    public init(digest: String, blobs: Int, bytes: Int, faults: [Fault]) {
        self.digest = digest
        self.blobs = blobs
        self.bytes = bytes
        self.faults = faults
    }
}

// MARK: Forms

extension ServiceVersion: Described {
    package static let form = Form<Self>.object(
        "ServiceVersion", .required("type", .name(.type), \.type), .required("name", .versionName, \.name),
        .required("variant", .variant, \.variant), .required("digest", .digest, \.digest),
        .required("files", .integer(atLeast: 0), \.files), .required("size", .integer(atLeast: 0), \.size),
        .required("compressedSize", .integer(atLeast: 0), \.compressedSize),
        .required("signedBy", .list(of: .text), \.signedBy), .required("mark", .choice, \.mark),
        .present("reason", .text, \.reason), .required("createdAt", .time, \.createdAt),
        .required("createdBy", .actor, \.createdBy), .present("markedAt", .time, \.markedAt),
        .present("markedBy", .actor, \.markedBy)
    ) {
        ServiceVersion(
            type: $0, name: $1, variant: $2, digest: $3, files: $4, size: $5, compressedSize: $6, signedBy: $7,
            mark: $8, reason: $9, createdAt: $10, createdBy: $11, markedAt: $12, markedBy: $13)
    }
}

extension VersionMarkChange: Described {
    package static let form = Form<Self>.object(
        "VersionMarkChange", .required("mark", .choice, \.mark),
        .nullable("reason", .line(atMost: Limits.reason), \.reason)
    ) { VersionMarkChange(mark: $0, reason: $1) }
    .checking { change in
        change.mark == .quarantined && (change.reason ?? "").isEmpty
            ? "`reason` is missing: why the version is quarantined" : nil
    }
}

extension VersionCreation: Described {
    package static let form = Form<Self>.object(
        "VersionCreation", .required("manifest", .text, \.manifest),
        .present(
            "signatures", .list(of: VersionSignature.form, atMost: Limits.signatures) { @Sendable in $0.key }, else: [],
            \.signatures)
    ) { VersionCreation(manifest: $0, signatures: $1) }
}

extension VersionSignature: Described {
    package static let form = Form<Self>.object(
        "VersionSignature", .required("key", .key, \.key), .required("signature", .signature, \.signature)
    ) { VersionSignature(key: $0, signature: $1) }
}

extension VersionSignatures: Described {
    package static let form = Form<Self>.object(
        "VersionSignatures", .required("format", .integer(atLeast: 1), \.format),
        .required("signatures", .list(of: VersionSignature.form), \.signatures)
    ) { VersionSignatures(format: $0, signatures: $1) }
}

extension VersionVerification: Described {
    package static let form = Form<Self>.object(
        "VersionVerification", .required("digest", .digest, \.digest),
        .required("blobs", .integer(atLeast: 0), \.blobs), .required("bytes", .integer(atLeast: 0), \.bytes),
        .required("faults", .list(of: Fault.form), \.faults)
    ) { VersionVerification(digest: $0, blobs: $1, bytes: $2, faults: $3) }
}

extension VersionVerification.Fault: Described {
    package static let form = Form<Self>.object(
        nil, .required("digest", .digest, \.digest), .required("detail", .text, \.detail)
    ) { VersionVerification.Fault(digest: $0, detail: $1) }
}

extension Form where Value == String {
    /// A SHA-256.
    package static let digest = hexadecimal(64, "a SHA-256, 64 lower-case hexadecimal digits,")
    /// The identifier of a key.
    fileprivate static let key = hexadecimal(16, "the identifier of a key, 16 lower-case hexadecimal digits,")

    /// Lower-case hexadecimal digits of a fixed number.
    static func hexadecimal(_ count: Int, _ what: String) -> Form {
        ruled("^[0-9a-f]{\(count)}$", what) { text in
            text.utf8.count == count
                && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
    }

    /// 64 bytes in Base64, whose every value has one text.
    fileprivate static let signature = ruled(
        "^[A-Za-z0-9+/]{85}[AQgw]==$", "a signature, 64 bytes in Base64,"
    ) { text in
        let bytes = Array(text.utf8)
        let isDigit = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
        }
        return bytes.count == 88 && bytes[..<85].allSatisfy(isDigit) && "AQgw".utf8.contains(bytes[85])
            && bytes[86...].elementsEqual("==".utf8)
    }

    /// The name of a version. What rules it has, the manifest's reader knows.
    package static let versionName = Form(
        schema: ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"], read: { $0.string() },
        write: { .string($0) })
    /// The name of a variant of a version.
    package static let variant = Form(
        schema: ["type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,31}$"], read: { $0.string() },
        write: { .string($0) })

    private static func ruled(_ pattern: String, _ what: String, _ rule: @escaping @Sendable (String) -> Bool) -> Form {
        Form(
            schema: ["type": "string", "pattern": .string(pattern)],
            read: { field in
                guard let text = field.string() else { return nil }
                guard field.isStrict, !rule(text) else { return text }
                field.fault("\(what) is expected")
                return nil
            }, write: { .string($0) })
    }
}
