public import ServiceSupport
public import ServicesExport

/// The directory of what survives a restart: the last good export, and state that cannot be read from the kernel.
///
/// The export is `services-DIGEST.csv`. Its name is checked against its bytes, so a damaged or incomplete file is
/// never used. The previous export is removed only after the next one is safely stored.
public struct StateDirectory: Sendable {
    /// The path of the directory.
    public let path: String

    /// Makes the directory if it does not exist.
    public init(_ path: String) throws(FileError) {
        try Folder.make(path, mode: 0o755)
        self.path = path
    }

    private static func statePath(in directory: String) -> String { directory + "/state.json" }
    private static func exportPath(_ digest: ExportDigest, in directory: String) -> String {
        "\(directory)/services-\(digest.hex).csv"
    }

    /// Reads the state in any case. A file that cannot be read is renamed, never overwritten; the newest intact
    /// export is used then.
    /// - Returns: the state, and what was wrong.
    public func recoverState(at now: ClockReading) -> (state: StoredState, problem: String?) {
        do {
            return (try Self.loadState(of: path, at: now) ?? StoredState(export: newestExport()), nil)
        } catch {
            let file = Self.statePath(in: path)
            let aside = "\(file).unreadable-\(now.wall)"
            let kept = Files.rename(file, to: aside) ? "kept as \(aside)" : "it stays where it is"
            return (
                StoredState(export: newestExport()),
                "\(error) (\(kept)); servers that drained start their drain anew"
            )
        }
    }

    /// The newest export whose bytes match the digest in its name.
    private func newestExport() -> ExportDigest? {
        Files.names(in: path).compactMap { name -> (ExportDigest, Int)? in
            // exact: what remains of the name must be ASCII
            guard name.hasPrefix("services-"), name.hasSuffix(".csv"),
                let digest = ExportDigest(etag: "\"\(name.dropFirst("services-".count).dropLast(".csv".count))\""),
                let time = Files.modificationTime(of: "\(path)/\(name)")
            else { return nil }
            return (digest, time)
        }
        .sorted { $0.1 > $1.1 }.map(\.0).first { (try? loadExport($0)) ?? nil != nil }
    }

    /// Reads drains, addresses and exports; `nil` before the first. Does not make the directory.
    public static func loadState(of directory: String, at now: ClockReading) throws(FileError) -> StoredState? {
        let path = statePath(in: directory)
        guard let bytes = try Files.read(path) else { return nil }
        do {
            return try StoredState(json: bytes, at: now)
        } catch {
            throw FileError("read", path, reason: "\(error)")
        }
    }

    /// Replaces `state.json`.
    public func save(_ state: StoredState, at now: ClockReading) throws(FileError) {
        try Files.replace(Self.statePath(in: path), with: state.json(at: now), isDurable: true)
    }

    private static func verdictsPath(in directory: String) -> String { directory + "/verdicts.json" }

    /// Bytes of `verdicts.json` that are read at most: more than 100,000 targets that are down.
    static let longestVerdicts = 64 << 20

    /// Replaces `verdicts.json`.
    func save(_ verdicts: StoredVerdicts, at now: ClockReading) throws(FileError) {
        try Files.replace(Self.verdictsPath(in: path), with: verdicts.json(at: now), isDurable: false)
    }

    /// Reads what was known of the servers' health; `nil` if nothing ever was. Does not make the directory.
    static func loadVerdicts(of directory: String, at now: ClockReading) throws(FileError) -> StoredVerdicts? {
        let path = verdictsPath(in: directory)
        guard let bytes = try Files.read(path, limit: longestVerdicts) else { return nil }
        do {
            return try StoredVerdicts(json: bytes, at: now)
        } catch {
            throw FileError("read", path, reason: "\(error)")
        }
    }

    /// Reads the export with the digest; `nil` if it is missing or damaged.
    public func loadExport(_ digest: ExportDigest) throws(FileError) -> [UInt8]? {
        try Self.loadExport(digest, from: path)
    }

    /// Like `loadExport(_:)`, without making the directory.
    public static func loadExport(
        _ digest: ExportDigest, from directory: String
    ) throws(FileError) -> [UInt8]? {
        guard let bytes = try Files.read(exportPath(digest, in: directory)), ExportDigest(of: bytes) == digest else {
            return nil
        }
        return bytes
    }

    /// Stores an export. `removeExports` later removes the others.
    public func saveExport(_ bytes: [UInt8], _ digest: ExportDigest) throws(FileError) {
        try Files.replace(Self.exportPath(digest, in: path), with: bytes, isDurable: true)
    }

    /// Removes all exports except one.
    public func removeExports(but digest: ExportDigest) {
        // exact: our own names are ASCII, and other files may stay
        for name in Files.names(in: path) where name.hasPrefix("services-") && name != "services-\(digest.hex).csv" {
            Files.remove("\(path)/\(name)")
        }
    }
}
