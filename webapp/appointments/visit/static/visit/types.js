/**
 * The shapes that the modules of the visit share. Nothing runs here.
 *
 * @typedef {"microphone" | "camera" | "screen"} Source
 *
 * @typedef {{participant: string, name: string, initials: string, role: "client" | "provider"}} Person
 *
 * @typedef {{person: string, initials: string, sentence: string}} Waiting  sentence: “Maren Halvorsen is waiting”
 *
 * @typedef {{number: number, mine: boolean, name: string, time: string, body: string}} ChatLine  time: as shown
 *
 * @typedef {{place: string, phone: string}} About  where the client is and the number to call back, for providers
 *
 * @typedef {object} VisitState  what the portal says of the visit, for this person
 * @property {"early" | "open" | "over"} visit
 * @property {"out" | "waiting" | "admitted"} me
 * @property {string} sentence  for a person, where the visit is early or over
 * @property {Waiting[]} waiting  for providers: who waits; else empty
 * @property {Person[]} people  everybody who may be in the room; empty while one waits
 * @property {About | null} about  in the answer to “Admit” alone
 *
 * @typedef {object} Entry  the portal's leave to enter the room, once
 * @property {string} grant
 * @property {string} participant
 * @property {RTCIceServer[]} ice_servers
 * @property {Person[]} people
 * @property {number} elapsed_s  since the visit began
 * @property {About | null} about
 *
 * @typedef {object} VisitConfig  the `data-config` attribute
 * @property {"client" | "provider"} role
 * @property {"lobby" | "waiting" | "room" | "over"} stage
 * @property {string} appointment  id; what the page's notices are about
 * @property {string} signalling_url
 * @property {boolean} relay_only
 * @property {VisitUrls} urls
 * @property {Record<string, string>} words  every sentence that a module says
 *
 * @typedef {object} VisitUrls
 * @property {string} state
 * @property {string} entry
 * @property {string} wait
 * @property {string} still_here
 * @property {string} stop_waiting
 * @property {string} admit
 * @property {string} chat
 * @property {string} leave
 * @property {string} end
 * @property {string} back
 * @property {string} idle
 * @property {string} stay
 * @property {string} unlock
 *
 * @typedef {object} Welcome
 * @property {"welcome"} type
 * @property {string} room
 * @property {string} participant
 * @property {boolean} resumed
 * @property {string} resume
 * @property {number} resume_s
 * @property {{participant: string, muted: Source[], sources: Source[]}[]} people
 *
 * @typedef {{mid: string, participant: string, source: Source}} SubscribedTrack
 *
 * @typedef {{readonly inside: boolean, send: (message: Message) => boolean}} Channel  the signalling, as its users see it
 *
 * @typedef {Record<string, any> & {type: string}} Message  any message of the signalling protocol (rtc/PROTOCOL.md)
 */

export {};
