public import NIOCore

/// Runs tasks on an event loop, and lets them sleep there. No thread has to wake another between two polls, nor
/// between the socket and the task that awaits an answer.
public final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    /// - Parameter eventLoop: must outlive the executor's tasks.
    public init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Returns when the time is over or the task is cancelled.
    public func sleep(for duration: Duration) async {
        let alarm = eventLoop.scheduleTask(in: TimeAmount(duration)) {}
        await withTaskCancellationHandler {
            try? await alarm.futureResult.get()
        } onCancel: {
            alarm.cancel()
        }
    }
}
