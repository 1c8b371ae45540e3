import ArgumentParser
import Foundation

struct FuzzHTTP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http", abstract: "Requests of every operation to ADMIN, with and without tokens.")

    @OptionGroup var options: FuzzOptions

    func run() async throws {
        // In memory, where there is such a folder: a write waits for the disk otherwise.
        let parent = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let folder = URL(fileURLWithPath: parent).appending(path: "portcullis-fuzz-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let open = try await HTTPTarget.start(folder.appending(path: "open").path, hasTokens: false)
        let closed = try await HTTPTarget.start(folder.appending(path: "closed").path, hasTokens: true)
        // The loop blocks, and the threads of async functions are few.
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                send(to: [open, closed])
                continuation.resume()
            }
        }
    }

    private func send(to targets: [HTTPTarget]) {
        var seeds = targets.map { HTTPSeeds($0.samples, tokens: $0.tokens) }
        var index = 0
        options.run(
            "http", corpus: [], dictionary: HTTPSeeds.dictionary,
            next: { mutator in
                let side = index % targets.count
                return seeds[side].next(&mutator)
            },
            body: { input in
                let target = targets[index % targets.count]
                // Mutations that are valid change the cloud, and may leave nothing of it.
                if index % 100 < targets.count { try target.reset() }
                index += 1
                return try target.answer(to: input).check()
            })
    }
}
