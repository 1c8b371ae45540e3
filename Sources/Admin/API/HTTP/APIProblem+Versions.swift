import AdminAPI
import HTTPTypes
import Registry
import Versions

extension APIProblem {
    init(_ error: VersionError) {
        let text = "\(error)".capitalizedSentence
        switch error {
        case .noVersion, .noManifest, .alteredManifest, .noBlob: self.init(.notFound, text)
        case .taken, .unknownInRegistry, .otherOffset, .busy, .otherForm: self.init(.conflict, text)
        case .lacking(_, let files, _):
            self.init(
                .conflict, text,
                errors: files.map { .init(pointer: "#/manifest", detail: "\($0)") }, kind: .missingContents)
        case .inUse: self.init(.conflict, text, kind: .inUse)
        case .otherName: self = .invalid([.init(pointer: "#/manifest", detail: "\(error)")])
        case .noRoom, .full: self.init(.insufficientStorage, text)
        case .tooManyUploads: self.init(.serviceUnavailable, text, headers: [.retryAfter: "5"])
        case .pieceSize: self = .invalid([.init(pointer: APIHeader.contentRange, detail: "\(error)")])
        case .wrongContent: self = .invalid([.init(pointer: "#", detail: "\(error)")])
        }
    }
}

extension HTTPResponse.Status {
    static let insufficientStorage = Self(code: 507, reasonPhrase: "Insufficient Storage")
}
