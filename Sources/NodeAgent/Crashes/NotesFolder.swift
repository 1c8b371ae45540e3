import Glibc
import ServiceSupport
import Supervision
import Text
import Versions

/// The directory in which the master of a service notes crashes. It belongs to the service's user: links are not followed,
/// and only regular files of that user are read.
struct NotesFolder: Sendable {
    private let folder: Directory

    /// - Throws: if there is none, or it cannot be opened.
    init(of service: String, _ directory: NodeDirectory) throws {
        let run = try Directory.open(directory.process(of: service).directory)
        guard let master = try run.directory("master"), let folder = try master.directory("crashes") else {
            throw FileError("open", directory.notes(of: service), reason: "it is not there")
        }
        self.folder = folder
    }

    /// The identifiers of the notes, ascending.
    var ids: [String] {
        get throws {
            let ids = try folder.entries().compactMap { $0.name.flatMap { CrashNote.id(ofFile: $0) } }
            return Array(ids.prefix(CrashFile.most))
        }
    }

    /// Reads a note and its owner; `nil`: it is no note, or is gone.
    func note(_ id: String) -> (note: CrashNote, user: ServiceUser)? {
        guard let (bytes, status) = content(id + CrashFile.suffix, CrashNote.largest + 1),
            bytes.count <= CrashNote.largest, let note = CrashNote(bytes, id: id)
        else { return nil }
        return (note, ServiceUser(user: status.st_uid, group: status.st_gid))
    }

    func remove(_ id: String) { _ = try? folder.remove(id + CrashFile.suffix) }

    /// What a sanitizer has written of a process, which is removed.
    func sanitizerReport(of process: Int32) -> String {
        let name = "sanitizer.\(process)"
        guard let (bytes, _) = content(name, 32 << 10) else { return "" }
        _ = try? folder.remove(name)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The beginning of a regular file, and whose it is.
    private func content(_ name: String, _ limit: Int) -> ([UInt8], stat)? {
        guard let file = try? folder.file(name), let status = try? file.status(), status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        var bytes: [UInt8] = []
        do { try file.read(atMost: limit) { bytes += $0 } } catch { return nil }
        return (bytes, status)
    }
}
