import AdminAPI
import AdminClient
import NIOPosix

/// The link of a master to ADMIN: one thread, an event loop, on which everything of it is done.
package final class MasterLink: Sendable {
    private let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Begins. The link lasts as long as the process: what it does can be broken off anywhere.
    ///
    /// - Parameter say: takes a line of the log, in the link's thread.
    package init(_ settings: LinkSettings, _ box: LinkBox, say: @escaping @Sendable (String) -> Void) {
        let eventLoop = eventLoops.next()
        let executor = EventLoopExecutor(eventLoop)
        let alarm = LinkAlarm(eventLoop)
        box.onChange { alarm.note() }
        let work = LinkWork(settings, box, eventLoop, executor, alarm, say)
        Task(executorPreference: executor) { await work.run() }
    }
}
