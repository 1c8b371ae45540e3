import AdminAPI
import AdminClient
import CommandLineSupport
import VersionTransfer
import Versions

extension AdminResources: VersionReceiver {
    func answer<Value: Described>(to request: AdminRequest) async throws -> Value { try await value(request) }

    func refusal(of error: any Error) -> TransferRefusal {
        let error = error as? CommandError
        return TransferRefusal(status: error?.status, isTransient: error?.isTransient ?? false)
    }

    /// Sends a version of a store, and says on standard error how far that is.
    func push(_ digest: ContentDigest, of store: VersionStore, isDryRun: Bool) async throws -> VersionPush.Result {
        let push = VersionPush(client: self, store: store, isDryRun: isDryRun) { version, blobs in
            TransferProgress("pushing \(version)", blobs)
        }
        let result = try await push.push(digest)
        if result.isUnsigned {
            StandardError.write("Note: \(result.version) is not signed, so servers refuse it until it is.")
        }
        return result
    }
}
