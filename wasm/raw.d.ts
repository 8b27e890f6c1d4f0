/** For the package `walscope` alone: the decoder beneath `Decoder`. */
export declare function open(options: object): object;
