import Dispatch
import SystemPackage

extension Nftables.Monitor {
    /// The events from now on, until the stream is released. A failure with the code `.overflow` means that events
    /// were lost: read the table back; the stream goes on. Any other failure ends it.
    public static func events() throws(NetlinkError) -> AsyncStream<Result<Nftables.Event, NetlinkError>> {
        let reader = Reader(monitor: try Nftables.Monitor())
        let (stream, continuation) = AsyncStream.makeStream(of: Result<Nftables.Event, NetlinkError>.self)
        let queue = DispatchQueue(label: "nftables events")
        let source = DispatchSource.makeReadSource(fileDescriptor: reader.monitor.descriptor.rawValue, queue: queue)
        source.setEventHandler {
            do throws(NetlinkError) {
                while let event = try reader.monitor.next() { continuation.yield(.success(event)) }
            } catch {
                continuation.yield(.failure(error))
                if error.code != .overflow { continuation.finish() }
            }
        }
        // The monitor, and with it the descriptor, must outlive the source
        source.setCancelHandler { withExtendedLifetime(reader) {} }
        let cancellation = Cancellation(source: source)
        continuation.onTermination = { _ in cancellation.source.cancel() }
        source.resume()
        return stream
    }

    /// Unchecked: only the serial queue of the source uses the monitor.
    private struct Reader: @unchecked Sendable {
        let monitor: Nftables.Monitor
    }

    /// Unchecked, since a dispatch source may be cancelled from any thread.
    private struct Cancellation: @unchecked Sendable {
        let source: any DispatchSourceRead
    }
}
