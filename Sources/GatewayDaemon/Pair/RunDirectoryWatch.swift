import Dispatch
import Glibc
import ServiceSupport
import SystemPackage

/// Watches the run directory (inotify) for the files by which other programs signal the daemon.
struct RunDirectoryWatch {
    /// A signal, by the name of its file.
    enum Signal: String, CaseIterable {
        /// The role has changed.
        case role
        /// IPVS must be audited now.
        case audit
        /// A sign of life is wanted: the daemon answers by removing the file.
        case ping
    }

    /// Yields the signals whose files are there already, and then those whose files are created, replaced or removed.
    ///
    /// A daemon holds its lock, and so counts as running, before it watches: another program may have left a signal
    /// in between.
    /// - Throws: if the directory does not exist.
    static func signals(in directory: String) throws(FileError) -> AsyncStream<Signal> {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw FileError("watch", directory, errno: Errno(rawValue: Glibc.errno)) }
        let mask = UInt32(IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE)
        guard inotify_add_watch(descriptor, directory, mask) >= 0 else {
            let number = Glibc.errno
            close(descriptor)
            throw FileError("watch", directory, errno: Errno(rawValue: number))
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Signal.self)
        let source = DispatchSource.makeReadSource(
            fileDescriptor: descriptor, queue: DispatchQueue(label: "run directory"))
        source.setEventHandler {
            for signal in read(descriptor) { continuation.yield(signal) }
        }
        source.setCancelHandler { close(descriptor) }
        let cancellation = Cancellation(source: source)
        continuation.onTermination = { _ in cancellation.source.cancel() }
        source.resume()
        for signal in Signal.allCases where Files.modificationTime(of: "\(directory)/\(signal)") != nil {
            continuation.yield(signal)
        }
        return stream
    }

    /// Reads the waiting events. Returns each signal once; after events were lost, all signals.
    private static func read(_ descriptor: Int32) -> Set<Signal> {
        var signals = Set<Signal>()
        let header = MemoryLayout<inotify_event>.size
        withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 8) { buffer in
            while case let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count), count > 0 {
                var offset = 0
                while offset + header <= count {
                    let event = buffer.load(fromByteOffset: offset, as: inotify_event.self)
                    if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { signals.formUnion(Signal.allCases) }
                    let name = buffer[(offset + header)..<(offset + header + Int(event.len))].prefix { $0 != 0 }
                    if let signal = Signal(rawValue: String(decoding: name, as: UTF8.self)) { signals.insert(signal) }
                    offset += header + Int(event.len)
                }
            }
        }
        return signals
    }

    /// Unchecked, since a dispatch source may be cancelled from any thread.
    private struct Cancellation: @unchecked Sendable {
        let source: any DispatchSourceRead
    }
}
