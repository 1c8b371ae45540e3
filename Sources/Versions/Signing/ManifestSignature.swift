import JSON
package import Text

/// One signature of a manifest.
package struct ManifestSignature: Sendable, Hashable {
    /// `PublicKey.id` of the key.
    @ExactText package private(set) var keyID: String
    /// 64 bytes.
    package let bytes: [UInt8]

    init(keyID: String, bytes: [UInt8]) {
        self.keyID = keyID
        self.bytes = bytes
    }

    /// What precedes the manifest in what is signed, so that a signature of anything else with the same key is none of a
    /// manifest.
    private static let domain = "portcullis version manifest, format 1\n"

    /// What is signed.
    static func message(_ manifest: [UInt8]) -> [UInt8] {
        var message = Array(domain.utf8)
        message.reserveCapacity(message.count + manifest.count)
        message += manifest
        return message
    }
}

/// The signatures of a manifest: a file of JSON beside it.
package struct ManifestSignatures: Sendable, Hashable {
    /// The number of the format.
    private static let format = 1
    /// The most signatures of a manifest.
    package static let most = 16
    /// The most bytes of the file.
    package static let largest = 8_192

    package private(set) var signatures: [ManifestSignature] = []

    package init() {}

    /// Adds a signature, in the place of an earlier one by the same key.
    ///
    /// - Throws: that there are too many.
    package mutating func add(_ signature: ManifestSignature) throws(ManifestError) {
        signatures.removeAll { $0.keyID.isExactly(signature.keyID) }
        guard signatures.count < Self.most else {
            throw ManifestError([.init(place: "", detail: "a manifest has at most \(Self.most) signatures")])
        }
        signatures.append(signature)
    }

    /// Reads the file strictly.
    package init(reading bytes: [UInt8]) throws(ManifestError) {
        let fault = { (detail: String) in ManifestError([.init(place: "", detail: "no signatures: \(detail)")]) }
        guard bytes.count <= Self.largest else { throw fault("more than \(Self.largest) bytes") }
        let json: JSONValue
        do throws(JSONError) { json = try JSONParser.parse(bytes) } catch { throw fault("\(error)") }
        guard json["format"] == .integer(Self.format), case .array(let values)? = json["signatures"],
            case .object(let members) = json, members.count == 2
        else { throw fault("\"format\" \(Self.format) and \"signatures\" are expected") }
        guard values.count <= Self.most else { throw fault("more than \(Self.most) signatures") }
        for (index, value) in values.enumerated() {
            guard case .object(let members) = value, members.count == 2, case .string(let id)? = value["key"],
                id.utf8.count == 16, id.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
                case .string(let text)? = value["signature"], let signature = Base64.bytes(text), signature.count == 64
            else { throw fault("/signatures/\(index): \"key\" and \"signature\" are expected") }
            signatures.append(ManifestSignature(keyID: id, bytes: signature))
        }
    }

    /// The text of the file.
    package var bytes: [UInt8] {
        let values = signatures.map { signature -> JSONValue in
            ["key": .string(signature.keyID), "signature": .string(Base64.text(signature.bytes))]
        }
        return Array("\(["format": .integer(Self.format), "signatures": .array(values)] as JSONValue)\n".utf8)
    }
}
