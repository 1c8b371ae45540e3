import Cloud
package import Versions

extension Manifest {
    /// Reads bytes that may be anything as a manifest: an entry for fuzzers.
    ///
    /// - Returns: whether they are valid.
    /// - Precondition: reading never crashes; each fault has a text; a manifest that is taken has only paths inside of its
    ///   root, modes within 0755 and links that stay inside, and written and read again it is the same.
    @discardableResult
    package static func fuzz(_ bytes: [UInt8]) -> Bool {
        let manifest: Manifest
        do throws(ManifestError) {
            manifest = try Manifest(reading: bytes)
        } catch {
            precondition(!error.faults.isEmpty && error.faults.count <= ManifestError.mostFaults, "how many faults?")
            precondition(error.faults.allSatisfy { !$0.detail.isEmpty }, "a fault without words")
            return false
        }
        var paths = Set<String>()
        for path in manifest.files.map(\.path) + manifest.links.map(\.path) {
            let names = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            precondition(
                !names.contains { $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) },
                "a path that leaves: \(path)")
            precondition(!path.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a control character: \(path)")
            precondition(paths.insert(path.lowercased()).inserted, "twins: \(path)")
        }
        for file in manifest.files { precondition(file.mode.bits & ~0o755 == 0, "the mode \(file.mode)") }
        for link in manifest.links {
            let ups = link.target.utf8.split(separator: UInt8(ascii: "/")).prefix { $0.elementsEqual("..".utf8) }.count
            let depth = link.path.utf8.split(separator: UInt8(ascii: "/")).count - 1
            precondition(ups <= depth && link.target.utf8.first != UInt8(ascii: "/"), "a link that leaves: \(link)")
        }
        do throws(ManifestError) {
            let again = try Manifest(reading: manifest.bytes)
            precondition(again == manifest && again.bytes == manifest.bytes, "it reads as another")
        } catch {
            preconditionFailure("what was written is refused: \(error)")
        }
        return true
    }
}
