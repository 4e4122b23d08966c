"""Named refusals of uploads and deliveries."""

from __future__ import annotations

from records.errors import Refusal


class ImportNotFound(Refusal):
    code = "batches.import_not_found"
    clause = "11.10(d)"
    status = 404
    message = "There is no such upload in this batch."


class UploadEmpty(Refusal):
    code = "batches.upload_empty"
    status = 422
    message = "No file was chosen. Choose the zip of the delivery, or its folder."


class UploadTooLarge(Refusal):
    code = "batches.upload_too_large"
    status = 413
    message = "The upload is larger than {max_megabytes} MB. Split the delivery and send it in parts."


class ZipAmongFiles(Refusal):
    code = "batches.zip_among_files"
    status = 422
    message = "Choose either one zip or the files themselves, not both."


class NothingGood(Refusal):
    code = "batches.nothing_good"
    status = 409
    message = "No file of this upload can be taken. Give it up and have the delivery made again."


class ImportNotWaiting(Refusal):
    code = "batches.import_not_waiting"
    clause = "11.10(f)"
    status = 409
    message = "This upload is {state}; there is nothing to choose any more."


class ImportWaiting(Refusal):
    code = "batches.import_waiting"
    clause = "11.10(f)"
    status = 409
    message = "Another upload for {number} waits for a choice. Take it or give it up first."


class ImportOvertaken(Refusal):
    code = "batches.import_overtaken"
    clause = "11.10(f)"
    status = 409
    message = "Another upload for {number} was taken while this one was being checked. Upload it again."


class ManualReasonMissing(Refusal):
    code = "batches.manual_reason_missing"
    clause = "11.10(h)"
    status = 422
    message = (
        "The delivery carries no station signature (manifest.sig.json). Take it by hand with a reason, "
        "or have the station send it again."
    )


class DeliveryRefused(Refusal):
    """The origin of a delivery is not valid; always an event and an alert."""

    clause = "11.10(h)"
    status = 409


class StationSignatureUnreadable(DeliveryRefused):
    code = "batches.station_signature_unreadable"
    message = "manifest.sig.json cannot be read: {why}. Have the station send the delivery again."


class StationUnknown(DeliveryRefused):
    code = "batches.station_unknown"
    message = "The delivery is signed by the station “{station}”, which is not this batch's station {expected}."


class StationSignatureWrong(DeliveryRefused):
    code = "batches.station_signature_wrong"
    message = (
        "The signature does not fit the key of station {station}: the delivery does not come from it or was changed."
    )


class StationNotQualified(DeliveryRefused):
    code = "batches.station_not_qualified"
    message = "Station {station} was qualified until {until}, but signed on {signed_on}. Its images cannot be used."


class DeliveryForOtherLot(DeliveryRefused):
    code = "batches.delivery_for_other_lot"
    message = "The delivery was signed for lot “{found}”, but this batch is of lot {expected}."


class DeliveryReplayed(DeliveryRefused):
    code = "batches.delivery_replayed"
    message = "This signed delivery was taken before. Each delivery is taken once; have the station sign a new one."


class DeliveryFromFuture(DeliveryRefused):
    code = "batches.delivery_from_future"
    message = "The delivery is dated {signed_at}, which is in the future. Check the station's clock."
