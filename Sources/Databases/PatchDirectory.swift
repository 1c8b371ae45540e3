package import DatabasePatches
import Glibc
import JSON
import ServiceSupport
import Text

/// Where the files of a version's database are.
package struct PatchDirectory: Sendable {
    package let schema: String
    /// The directory of the patches; `nil`: there are none.
    package let patches: String?
    private let engine: DatabaseEngine

    /// The largest file.
    private static let largest = 1 << 29

    package init(schema: String, patches: String?, engine: DatabaseEngine) {
        self.schema = schema
        self.patches = patches
        self.engine = engine
    }

    /// The schema and patches that a version's manifest names, as paths in the version.
    package static func named(inManifest path: String) throws(DatabaseError) -> (schema: String, patches: String?) {
        let bytes: [UInt8]
        do throws(FileError) { bytes = try Files.read(path, limit: 64 << 20) ?? [] } catch {
            throw DatabaseError(.file, "\(error)")
        }
        let manifest: JSONValue
        do throws(JSONError) { manifest = try JSONParser.parse(bytes) } catch {
            throw DatabaseError(.file, "\(path.printable):\(error)")
        }
        guard case .string(let schema) = manifest["database"]?["schema"] else {
            throw DatabaseError(.file, "\(path.printable): the manifest has no database with a schema")
        }
        guard case .string(let patches) = manifest["database"]?["patches"] else { return (schema, nil) }
        return (schema, patches)
    }

    /// The names, numbers and digests of all files. Cost: reads all of them.
    package func files() throws(DatabaseError) -> PatchFiles {
        let bytes = try Self.read(schema)
        let included: Int
        do throws(ScriptFault) {
            guard case .includes(let number) = try PatchHeader.read(bytes) else {
                throw ScriptFault(
                    offset: 0,
                    message:
                        "the first line of a schema says which patches it has in it: \"-- portcullis: includes 0042\", "
                        + "or 0 for none")
            }
            included = number
        } catch {
            throw DatabaseError(.file, error.message, file: schema, offset: error.offset, in: bytes)
        }
        var found: [PatchFiles.Patch] = []
        for name in try names() {
            guard let patch = PatchName(file: name) else {
                throw DatabaseError(.file, "\(path(name).printable): the name of a patch is \(PatchName.form)")
            }
            found.append(PatchFiles.Patch(name: patch, digest: PatchDigest(of: try Self.read(path(name)))))
        }
        do throws(PatchRefusal) {
            return try PatchFiles(included: included, schema: PatchDigest(of: bytes), patches: found)
        } catch {
            guard case .includesNoFile = error else { throw DatabaseError(error) }
            throw DatabaseError(error, file: schema, in: bytes)
        }
    }

    /// The content of a patch, looked through.
    package func script(_ patch: PatchFiles.Patch) throws(DatabaseError) -> PatchScript {
        try script(path(patch.name.file), patch.digest)
    }

    /// The content of the schema, looked through.
    package func script(ofSchema digest: PatchDigest) throws(DatabaseError) -> PatchScript {
        try script(schema, digest)
    }

    private func script(_ path: String, _ digest: PatchDigest) throws(DatabaseError) -> PatchScript {
        let bytes = try Self.read(path)
        guard PatchDigest(of: bytes) == digest else {
            throw DatabaseError(.file, "\(path.printable): the file has changed while it was read: run this again")
        }
        do throws(ScriptFault) { return try PatchScript(bytes, engine) } catch {
            throw DatabaseError(.file, error.message, file: path, offset: error.offset, in: bytes)
        }
    }

    private func path(_ name: String) -> String { "\(patches ?? ".")/\(name)" }

    private func names() throws(DatabaseError) -> [String] {
        guard let patches else { return [] }
        guard FileKind(of: patches) == .directory else {
            throw DatabaseError(.file, "\(patches.printable): there is no such directory of patches")
        }
        return Files.names(in: patches).filter { PatchName.isWanted(file: $0) }
    }

    private static func read(_ path: String) throws(DatabaseError) -> [UInt8] {
        do throws(FileError) {
            guard let bytes = try Files.read(path, limit: largest) else {
                throw FileError(path: path, errno: ENOENT)
            }
            return bytes
        } catch {
            throw DatabaseError(.file, "\(error)")
        }
    }
}
