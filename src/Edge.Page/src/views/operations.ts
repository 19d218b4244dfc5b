/** What those who run Edge look at, loaded together: each of the two is small. */
export { Health } from "./Health";
export { Live } from "./Live";
