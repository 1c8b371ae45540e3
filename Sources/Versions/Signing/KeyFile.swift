import Times
package import Foundation
import Glibc
import JSON
package import ServiceSupport
import SystemPackage
import Text

/// What both files of a key say of it.
package struct KeyDescription: Sendable, Hashable {
    /// Whose key it is, for people; `nil`: it is called by its identifier.
    package var name: String?
    /// After this time nothing is signed with it; `nil`: never.
    package var end: Date?

    /// The longest name in characters.
    package static let longestName = 100

    package init(name: String? = nil, end: Date? = nil) {
        self.name = name
        self.end = end
    }

    /// A key for people, with its identifier: `release team (0011223344556677)`, or the identifier alone.
    package func signature(of key: PublicKey) -> String { name.map { "\($0.printable) (\(key.id))" } ?? key.id }

    /// What is wrong with a name, to follow it in a message; `nil` if nothing is.
    package static func problem(withName name: String) -> String? {
        guard !name.isEmpty, name.unicodeScalars.count <= longestName else {
            return "is no name of a key: 1 to \(longestName) characters"
        }
        return name.unicodeScalars.contains { $0.isDeceptive } ? "has a control character" : nil
    }
}

/// The file of a public key.
package struct PublicKeyFile: Sendable, Hashable {
    package var key: PublicKey
    package var description: KeyDescription

    package init(key: PublicKey, description: KeyDescription) {
        self.key = key
        self.description = description
    }

    /// The name for people, or the identifier.
    package var title: String { description.name ?? key.id }

    package init(reading path: String) throws(FileError) {
        let content = try KeyFileContent(reading: path, .public, isPrivate: false)
        guard let key = PublicKey(content.key) else { throw content.fault("\"key\" is no public key") }
        self.init(key: key, description: content.description)
    }

    /// The public key of a file of either kind.
    package init(ofEither path: String) throws(FileError) {
        if try KeyFileContent.isPrivate(path) {
            self = try SigningKey(reading: path).publicFile
        } else {
            try self.init(reading: path)
        }
    }

    /// The text of the file.
    package var bytes: [UInt8] {
        KeyFileContent.bytes(.public, "\(key)", description)
    }
}

/// The parts of a key's file.
struct KeyFileContent {
    enum Kind: String {
        case `private` = "portcullis private key"
        case `public` = "portcullis public key"
    }

    /// The number of the format.
    private static let format = 1
    private static let largest = 4_096

    let path: String
    let key: String
    let description: KeyDescription

    func fault(_ reason: String) -> FileError { FileError(path: path, reason: reason) }

    /// - Parameter isPrivate: whether nobody but its owner may have any right on the file.
    init(reading path: String, _ kind: Kind, isPrivate: Bool) throws(FileError) {
        self.path = path
        let bytes = try Self.read(path, isPrivate: isPrivate)
        let json: JSONValue
        do throws(JSONError) { json = try JSONParser.parse(bytes) } catch {
            throw FileError(path: path, reason: "this is no key file: \(error)")
        }
        let fault = { FileError(path: path, reason: $0) }
        guard case .object(let members) = json, case .string(let found)? = json["kind"] else {
            throw fault("this is no key file")
        }
        guard found.isExactly(kind.rawValue) else {
            throw fault("this is a \(found.printable), and a \(kind.rawValue) is needed")
        }
        guard json["format"] == .integer(Self.format) else {
            throw fault("\"format\" must be \(Self.format), the only one that is known here")
        }
        let known = ["format", "kind", "name", "not-after", "key"]
        if let other = members.first(where: { member in !known.contains { $0.isExactly(member.name) } }) {
            throw fault("\(other.name.printed()) is not known in format \(Self.format)")
        }
        guard case .string(let key)? = json["key"] else { throw fault("\"key\" is missing") }
        self.key = key
        var description = KeyDescription()
        switch json["name"] {
        case nil: break
        case .string(let name)?:
            if let problem = KeyDescription.problem(withName: name) { throw fault("\(name.printed()) \(problem)") }
            description.name = name
        default: throw fault("\"name\" must be a string")
        }
        switch json["not-after"] {
        case nil: break
        case .string(let text)?:
            guard let end = InternetTime.date(text) else {
                throw fault("\"not-after\": \(text.printed()) is no time as 2027-01-31T00:00:00Z")
            }
            description.end = end
        default: throw fault("\"not-after\" must be a string")
        }
        self.description = description
    }

    /// Whether a file says that it is one of a private key. Nothing else of it is looked at.
    static func isPrivate(_ path: String) throws(FileError) -> Bool {
        let bytes = try read(path, isPrivate: false)
        let json = try? JSONParser.parse(bytes)
        return json?["kind"] == .string(Kind.private.rawValue)
    }

    /// The bytes of the file, of which the rights are looked at first.
    private static func read(_ path: String, isPrivate: Bool) throws(FileError) -> [UInt8] {
        let file: FileDescriptor
        do throws(InputFileError) { file = try InputFile.open(path) } catch {
            throw FileError(path: path, reason: error.reason)
        }
        defer { try? file.close() }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else { throw FileError(path: path, errno: errno) }
        if isPrivate, status.st_mode & 0o077 != 0 {
            throw FileError(
                path: path,
                reason: "others have rights on this private key (mode 0\(String(status.st_mode & 0o777, radix: 8))): "
                    + "chmod 600 it, and make a new key if somebody else may have read it")
        }
        var bytes = [UInt8](repeating: 0, count: largest + 1)
        do {
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            guard count <= largest else { throw FileError(path: path, reason: "is too long to be a key file") }
            return Array(bytes[..<count])
        } catch {
            throw error as? FileError ?? FileError(path: path, errno: (error as? Errno)?.rawValue ?? EIO)
        }
    }

    static func bytes(_ kind: Kind, _ key: String, _ description: KeyDescription) -> [UInt8] {
        var members: [JSONValue.Member] = [
            .init(name: "format", value: .integer(format)), .init(name: "kind", value: .string(kind.rawValue)),
        ]
        if let name = description.name { members.append(.init(name: "name", value: .string(name))) }
        if let end = description.end {
            members.append(.init(name: "not-after", value: .string(end.formatted(.iso8601))))
        }
        members.append(.init(name: "key", value: .string(key)))
        // What was written is JSON.
        let text = (try? JSONIndenter.indented(Array("\(JSONValue.object(members))".utf8))) ?? []
        return text + [UInt8(ascii: "\n")]
    }
}
